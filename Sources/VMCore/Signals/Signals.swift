/// What an object shows to those who wait on it, one bit each.
///
/// Source: `zx_signals_t`.
public struct Signals: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt32

    /// Makes the signals with the bits `rawValue`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `ZX_VMO_ZERO_CHILDREN`: the VMO has no child.
    public static let vmoZeroChildren = Signals(rawValue: 1 << 3)
    /// `ZX_SIGNAL_HANDLE_CLOSED`: the handle that was waited on was closed.
    public static let handleClosed = Signals(rawValue: 1 << 23)
    /// `ZX_USER_SIGNAL_ALL`: the eight signals with which programs do what they like.
    public static let allUser = Signals(rawValue: 0xff << 24)
}
