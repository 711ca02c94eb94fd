/// Pages of a VMO that are held in place as if for a device.
///
/// They are let go by `zx_pmt_unpin` or with the last handle. (Zircon keeps the pages of a token
/// that was merely closed from everybody, since a device might still write to them; no device can
/// here.)
public final class PinnedMemory: KernelObject {
    /// The object's identity in this process.
    public let koid = Koid.next()
    /// `ZX_OBJ_TYPE_PMT`.
    public let objectType = ObjectType.pmt

    private let pin: PagePin

    init(_ pin: PagePin) {
        self.pin = pin
    }

    /// Lets the pages go.
    public func lastHandleClosed() {
        pin.unpin()
    }
}
