public import SystemPackage

/// What a flush did.
public struct FlushReport: Sendable, Equatable {
    /// Bytes of data written to backing files.
    public var writtenBytes: UInt64 = 0
    /// Contiguous runs of data written.
    public var writtenRuns: UInt64 = 0
    /// Zero runs that became holes, or were holes already.
    public var holes: UInt64 = 0
    /// Bytes that were zero and cost no data: holes made, or holes already.
    public var zeroBytes: UInt64 = 0
    /// Bytes of backing files deallocated for zeros.
    public var punchedBytes: UInt64 = 0

    /// Makes a report of nothing.
    public init() {}

    /// Adds what another flush did.
    public static func += (left: inout FlushReport, right: FlushReport) {
        left.writtenBytes += right.writtenBytes
        left.writtenRuns += right.writtenRuns
        left.zeroBytes += right.zeroBytes
        left.holes += right.holes
        left.punchedBytes += right.punchedBytes
    }
}

/// Why a flush stopped; what was dirty beyond is dirty still.
public struct FlushFailure: Error, Sendable, Equatable {
    /// What the backing file said.
    public var errno: Errno
    /// The first byte of the run that could not be written.
    public var offset: UInt64
    /// The length of that run in bytes.
    public var length: UInt64

    /// Makes a failure of the run of `length` bytes at `offset`.
    public init(errno: Errno, offset: UInt64, length: UInt64) {
        self.errno = errno
        self.offset = offset
        self.length = length
    }
}
