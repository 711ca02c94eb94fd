/// The numbers of the FUSE session, each with its reason.
enum FusePolicy {
    /// Bytes of data in one read or write request at most: the kernel's own limit.
    ///
    /// 1.7 times as fast as 128 KiB for large writes.
    static let requestBytesMax: UInt32 = 1 << 20

    /// Bytes that the kernel may read ahead.
    ///
    /// As large as a request: less would split reads, more would fill memory with what nobody asked
    /// for.
    static let readAheadBytesMax: UInt32 = 1 << 20

    /// Seconds that the kernel may trust names, attributes, and the absence of names: a year, that
    /// is for ever.
    ///
    /// Every change comes through the mount and so through the kernel; with a timeout of seconds
    /// every path walk after it would ask again.
    static let cacheSeconds: Double = 365 * 24 * 3600

    /// Threads that serve requests at most, without `max_threads=`.
    ///
    /// Requests may wait for the disk or for writeback, so more than there are processors; each
    /// holds a receive buffer of 1 MiB.
    static let threadCountMax = 32

    /// Threads that may sit idle: at least as many as there can be, so that none ever ends.
    ///
    /// Ending and starting threads costs 18 per cent, and a thread that stays keeps its receive
    /// buffer resident.
    static func idleThreadCountMax(threadCountMax: Int) -> Int { max(64, threadCountMax) }

    /// Requests of read-ahead, writeback and asynchronous I/O that the kernel keeps in flight.
    ///
    /// Twice the threads, so that none waits for the next request to be made.
    static let backgroundRequestCountMax: UInt32 = 64

    /// Background requests at which the kernel calls the mount congested: three quarters, as
    /// libfuse would have it.
    static let congestionThreshold: UInt32 = 48

    /// Nanoseconds that file times are exact to: what the kernel keeps, and the backing file too.
    static let timeGranularityNanoseconds: UInt32 = 1

    /// Bytes of one directory reply at most; the kernel asks for a page up to a request.
    static let directoryReplyBytesMax = 1 << 20

    /// Pieces of one reply at most: `IOV_MAX` less the header.
    static let replyBufferCountMax = 1023
}
