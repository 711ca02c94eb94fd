/// A moment as file systems keep it: seconds since the Unix epoch and nanoseconds after that.
public struct FileTime: Sendable, Hashable {
    /// Seconds since the epoch; negative before 1970.
    public var seconds: Int64
    /// Nanoseconds after `seconds`, below 1,000,000,000.
    public var nanoseconds: UInt32

    /// Makes the moment `nanoseconds` after `seconds`.
    @inlinable
    public init(seconds: Int64, nanoseconds: UInt32 = 0) {
        self.seconds = seconds
        self.nanoseconds = nanoseconds
    }
}

extension FileTime: Comparable {
    /// Whether `left` is the earlier moment.
    public static func < (left: FileTime, right: FileTime) -> Bool {
        (left.seconds, left.nanoseconds) < (right.seconds, right.nanoseconds)
    }
}
