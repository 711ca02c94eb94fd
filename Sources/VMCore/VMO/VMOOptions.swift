/// How a VMO is made.
///
/// Source: the options of `zx_pager_create_vmo`, with its numbers.
public struct VMOOptions: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt32

    /// Makes the options with the bits `rawValue`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `ZX_VMO_RESIZABLE`: `resize` is allowed.
    public static let resizable = VMOOptions(rawValue: 1 << 1)
    /// `ZX_VMO_DISCARDABLE`, which no VMO here is.
    static let discardable = VMOOptions(rawValue: 1 << 2)
    /// `ZX_VMO_TRAP_DIRTY`: OP_DIRTY is allowed, and a pager at a port is asked (DIRTY) before a
    /// page becomes Dirty.
    ///
    /// A source in this process needs no trap: whoever writes reserves the space first.
    public static let trapDirty = VMOOptions(rawValue: 1 << 3)
    /// `ZX_VMO_UNBOUNDED`: as large as a VMO can be, with zeros beyond the size of the content.
    ///
    /// Sources in this process are not offered it.
    public static let unbounded = VMOOptions(rawValue: 1 << 4)
}
