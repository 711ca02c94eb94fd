/// A Zircon status other than `ZX_OK`, as a Swift error.
///
/// Source: `zircon/errors.h`; the numbers are the ABI's and never change.
public struct Status: Error, Hashable, Sendable {
    /// The `zx_status_t`, always negative.
    public let rawValue: Int32

    /// Makes the status with the number `rawValue`.
    public init(rawValue: Int32) {
        precondition(rawValue < 0, "\(rawValue) is not a failure status")
        self.rawValue = rawValue
    }

    /// `ZX_ERR_NOT_SUPPORTED`: the operation is not available on this object.
    public static let notSupported = Status(rawValue: -2)
    /// `ZX_ERR_NO_RESOURCES`: no room of the kind that is asked for.
    public static let noResources = Status(rawValue: -3)
    /// `ZX_ERR_NO_MEMORY`: no memory for the request.
    public static let noMemory = Status(rawValue: -4)
    /// `ZX_ERR_INVALID_ARGS`: an argument is malformed whatever the state of the object.
    public static let invalidArgs = Status(rawValue: -10)
    /// `ZX_ERR_BAD_HANDLE`: the handle value names no live handle.
    public static let badHandle = Status(rawValue: -11)
    /// `ZX_ERR_WRONG_TYPE`: the handle names an object of another type.
    public static let wrongType = Status(rawValue: -12)
    /// `ZX_ERR_OUT_OF_RANGE`: a range lies outside the object.
    public static let outOfRange = Status(rawValue: -14)
    /// `ZX_ERR_BUFFER_TOO_SMALL`: the caller's buffer cannot hold the answer.
    public static let bufferTooSmall = Status(rawValue: -15)
    /// `ZX_ERR_BAD_STATE`: the object is in a state that forbids the operation.
    public static let badState = Status(rawValue: -20)
    /// `ZX_ERR_TIMED_OUT`: the deadline passed first.
    public static let timedOut = Status(rawValue: -21)
    /// `ZX_ERR_SHOULD_WAIT`: no room or nothing there at the moment.
    public static let shouldWait = Status(rawValue: -22)
    /// `ZX_ERR_CANCELED`: what was waited on was closed meanwhile.
    public static let canceled = Status(rawValue: -23)
    /// `ZX_ERR_NOT_FOUND`: the thing named is not there.
    public static let notFound = Status(rawValue: -25)
    /// `ZX_ERR_ALREADY_EXISTS`: something is there already.
    public static let alreadyExists = Status(rawValue: -26)
    /// `ZX_ERR_UNAVAILABLE`: the object refuses the operation by its making.
    public static let unavailable = Status(rawValue: -28)
    /// `ZX_ERR_ACCESS_DENIED`: the handle lacks a right.
    public static let accessDenied = Status(rawValue: -30)
    /// `ZX_ERR_IO`: the backing store failed.
    public static let io = Status(rawValue: -40)
    /// `ZX_ERR_IO_DATA_INTEGRITY`: the backing store gave data known to be damaged.
    public static let ioDataIntegrity = Status(rawValue: -42)
    /// `ZX_ERR_NO_SPACE`: the backing store is full.
    public static let noSpace = Status(rawValue: -54)
}

extension Status {
    /// Whether `value` is `pattern`, in a `switch`.
    ///
    /// Said here because swift-system has a `~=` of an `Errno` and any error, so that the pattern
    /// `.noSpace` for a status would be that errno, and never match. With both the compiler refuses
    /// it as ambiguous, and `Status.noSpace` is what to write.
    @inlinable
    public static func ~= (pattern: Status, value: Status) -> Bool { pattern == value }
}

extension Status: CustomStringConvertible {
    /// The number, as it is written in C: `ZX_ERR(-14)`.
    public var description: String { "ZX_ERR(\(rawValue))" }
}
