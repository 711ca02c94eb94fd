public import Support

/// Counts of writeback, monotonic from the mount on.
public final class WritebackStatistics: Sendable {
    /// Bytes of data written to backing files.
    public let flushedBytes = Counter()
    /// Contiguous runs of data written.
    public let flushedRuns = Counter()
    /// Bytes that were zero and cost no data.
    public let zeroBytesSkipped = Counter()
    /// Bytes of backing files deallocated for zeros.
    public let holePunchedBytes = Counter()
    /// Nanoseconds that writers were made to wait.
    public let throttledNanoseconds = Counter()
    /// Flushes that failed.
    public let writebackErrors = Counter()

    /// Makes counts of zero.
    public init() {}

    func add(_ report: FlushReport) {
        flushedBytes.add(Int(report.writtenBytes))
        flushedRuns.add(Int(report.writtenRuns))
        zeroBytesSkipped.add(Int(clamping: report.zeroBytes))
        holePunchedBytes.add(Int(report.punchedBytes))
    }
}
