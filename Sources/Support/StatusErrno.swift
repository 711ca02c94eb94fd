public import SystemPackage

extension Status {
    /// The status that stands for a failed system call.
    ///
    /// Total: an errno without a counterpart is `ZX_ERR_IO`, as Fxfs maps its own.
    public init(_ errno: Errno) {
        switch errno {
        case .noSpace, .diskQuotaExceeded: self = .noSpace
        case .noMemory: self = .noMemory
        case .badMessage: self = .ioDataIntegrity
        case .invalidArgument: self = .invalidArgs
        case .permissionDenied, .notPermitted, .readOnlyFileSystem: self = .accessDenied
        case .noSuchFileOrDirectory: self = .notFound
        case .notSupported, .notSupportedOnSocket: self = .notSupported
        default: self = .io
        }
    }
}

extension Errno {
    /// The errno that an application sees for a status.
    ///
    /// Total: a status without a counterpart is `EIO`.
    public init(_ status: Status) {
        switch status {
        case Status.noSpace: self = .noSpace
        case Status.noMemory: self = .noMemory
        case Status.ioDataIntegrity: self = .ioError
        case Status.invalidArgs: self = .invalidArgument
        case Status.outOfRange: self = .invalidArgument
        case Status.accessDenied: self = .permissionDenied
        case Status.notFound: self = .noSuchFileOrDirectory
        case Status.notSupported: self = .notSupported
        case Status.timedOut: self = .timedOut
        default: self = .ioError
        }
    }
}
