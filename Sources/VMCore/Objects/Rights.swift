/// What a handle allows.
///
/// Source: `zircon/rights.h`; the bits are the ABI's.
public struct Rights: OptionSet, Hashable, Sendable {
    /// The bits.
    public let rawValue: UInt32

    /// Makes the rights with the bits `rawValue`.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// `ZX_RIGHT_DUPLICATE`.
    public static let duplicate = Rights(rawValue: 1 << 0)
    /// `ZX_RIGHT_TRANSFER`.
    public static let transfer = Rights(rawValue: 1 << 1)
    /// `ZX_RIGHT_READ`.
    public static let read = Rights(rawValue: 1 << 2)
    /// `ZX_RIGHT_WRITE`.
    public static let write = Rights(rawValue: 1 << 3)
    /// `ZX_RIGHT_EXECUTE`.
    public static let execute = Rights(rawValue: 1 << 4)
    /// `ZX_RIGHT_MAP`.
    public static let map = Rights(rawValue: 1 << 5)
    /// `ZX_RIGHT_GET_PROPERTY`.
    public static let getProperty = Rights(rawValue: 1 << 6)
    /// `ZX_RIGHT_SET_PROPERTY`.
    public static let setProperty = Rights(rawValue: 1 << 7)
    /// `ZX_RIGHT_SIGNAL`.
    public static let signal = Rights(rawValue: 1 << 12)
    /// `ZX_RIGHT_WAIT`.
    public static let wait = Rights(rawValue: 1 << 14)
    /// `ZX_RIGHT_INSPECT`.
    public static let inspect = Rights(rawValue: 1 << 15)
    /// `ZX_RIGHT_RESIZE`.
    public static let resize = Rights(rawValue: 1 << 23)
    /// `ZX_RIGHT_ATTACH_VMO`.
    public static let attachVMO = Rights(rawValue: 1 << 24)
    /// `ZX_RIGHT_MANAGE_VMO`.
    public static let manageVMO = Rights(rawValue: 1 << 25)
    /// `ZX_RIGHT_SAME_RIGHTS`: for `duplicate`, the rights of the handle itself.
    public static let sameRights = Rights(rawValue: 1 << 31)

    /// `ZX_DEFAULT_PAGER_RIGHTS`.
    public static let pagerDefault: Rights = [.inspect, .transfer, .attachVMO, .manageVMO]
    /// `ZX_DEFAULT_VMO_RIGHTS`; a resizable VMO adds `resize`.
    public static let vmoDefault: Rights = [
        .duplicate, .transfer, .wait, .inspect, .read, .write, .getProperty, .setProperty, .map,
        .signal,
    ]
}
