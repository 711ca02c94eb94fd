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
    /// `ZX_RIGHT_ENUMERATE`.
    public static let enumerate = Rights(rawValue: 1 << 8)
    /// `ZX_RIGHT_DESTROY`.
    public static let destroy = Rights(rawValue: 1 << 9)
    /// `ZX_RIGHT_SET_POLICY`.
    public static let setPolicy = Rights(rawValue: 1 << 10)
    /// `ZX_RIGHT_GET_POLICY`.
    public static let getPolicy = Rights(rawValue: 1 << 11)
    /// `ZX_RIGHT_SIGNAL`.
    public static let signal = Rights(rawValue: 1 << 12)
    /// `ZX_RIGHT_SIGNAL_PEER`.
    public static let signalPeer = Rights(rawValue: 1 << 13)
    /// `ZX_RIGHT_WAIT`.
    public static let wait = Rights(rawValue: 1 << 14)
    /// `ZX_RIGHT_INSPECT`.
    public static let inspect = Rights(rawValue: 1 << 15)
    /// `ZX_RIGHT_MANAGE_JOB`.
    public static let manageJob = Rights(rawValue: 1 << 16)
    /// `ZX_RIGHT_MANAGE_PROCESS`.
    public static let manageProcess = Rights(rawValue: 1 << 17)
    /// `ZX_RIGHT_MANAGE_THREAD`.
    public static let manageThread = Rights(rawValue: 1 << 18)
    /// `ZX_RIGHT_APPLY_PROFILE`.
    public static let applyProfile = Rights(rawValue: 1 << 19)
    /// `ZX_RIGHT_MANAGE_SOCKET`.
    public static let manageSocket = Rights(rawValue: 1 << 20)
    /// `ZX_RIGHT_OP_CHILDREN`.
    public static let opChildren = Rights(rawValue: 1 << 21)
    /// `ZX_RIGHT_RESIZE`.
    public static let resize = Rights(rawValue: 1 << 22)
    /// `ZX_RIGHT_ATTACH_VMO`.
    public static let attachVMO = Rights(rawValue: 1 << 23)
    /// `ZX_RIGHT_MANAGE_VMO`.
    public static let manageVMO = Rights(rawValue: 1 << 24)
    /// `ZX_RIGHT_SAME_RIGHTS`: for `duplicate`, the rights of the handle itself.
    public static let sameRights = Rights(rawValue: 1 << 31)

    /// `ZX_DEFAULT_PAGER_RIGHTS`.
    public static let pagerDefault: Rights = [.inspect, .transfer, .attachVMO, .manageVMO]
    /// `ZX_DEFAULT_PORT_RIGHTS`.
    public static let portDefault: Rights = [.duplicate, .transfer, .inspect, .read, .write]
    /// `ZX_DEFAULT_PMT_RIGHTS`.
    public static let pinnedMemoryDefault: Rights = [.inspect]
    /// `ZX_DEFAULT_VMO_RIGHTS`; a resizable VMO adds `resize`.
    public static let vmoDefault: Rights = [
        .duplicate, .transfer, .wait, .inspect, .read, .write, .getProperty, .setProperty, .map,
        .signal,
    ]

    /// These rights cut down to `wanted`, or as they are for `sameRights`; nil if one is lacking.
    func reduced(to wanted: Rights) -> Rights? {
        if wanted == .sameRights { return self }
        return isSuperset(of: wanted) ? wanted : nil
    }
}
