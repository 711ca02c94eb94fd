internal import Glibc

/// A file descriptor that is closed when its owner goes.
public struct OwnedFileDescriptor: ~Copyable, Sendable {
    /// The number, valid as long as this value lives.
    public let rawValue: Int32

    /// Takes over `rawValue`: nobody else may close it.
    public init(_ rawValue: Int32) {
        precondition(rawValue >= 0, "\(rawValue) is not a descriptor")
        self.rawValue = rawValue
    }

    // An error of close(2) says nothing that fsync did not: Linux has closed it in any case.
    deinit { close(rawValue) }

    /// Gives the descriptor away: the caller closes it.
    public consuming func release() -> Int32 {
        let value = rawValue
        discard self
        return value
    }
}
