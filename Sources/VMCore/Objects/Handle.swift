/// A number that stands for an object and rights to it in one `HandleTable`.
///
/// Source: `zx_handle_t`.
public struct Handle: Hashable, Sendable {
    /// The number; 0 is never a live handle.
    public let rawValue: UInt32

    /// Makes the handle with the number `rawValue`, live or not.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `ZX_HANDLE_INVALID`.
    public static let invalid = Handle(rawValue: 0)
}
