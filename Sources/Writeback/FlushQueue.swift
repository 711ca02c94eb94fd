internal import HeapModule
internal import Support

/// The files with dirty pages, oldest first, and those whose flush failed, by their next attempt.
///
/// A plain value; the engine guards it. A file may stand in it more than once: flushing a clean
/// file costs one query, and looking for duplicates would cost every first write of a file.
struct FlushQueue {
    /// A file and when its oldest dirty page was written.
    struct Entry: Comparable {
        let target: any WritebackTarget
        let dirtySince: UInt64
        /// Failed flushes in a row.
        let failureCount: Int

        static func < (left: Entry, right: Entry) -> Bool { left.dirtySince < right.dirtySince }
        static func == (left: Entry, right: Entry) -> Bool {
            left.dirtySince == right.dirtySince
        }
    }

    /// The first wait after a failure, doubled with each further one up to the largest.
    static let retryNanosecondsMin: UInt64 = 250_000_000
    /// The longest wait between two attempts at a failing file, a fraction of the 30 s after
    /// which people look.
    static let retryNanosecondsMax: UInt64 = 5_000_000_000

    private var waiting: Heap<Entry> = []
    private var failed: [(due: UInt64, entry: Entry)] = []

    /// The files that wait, failed ones left aside.
    var count: Int { waiting.count }

    /// When the oldest page of the files that wait was written.
    var oldest: UInt64? { waiting.min?.dirtySince }

    mutating func add(_ target: any WritebackTarget, dirtySince: UInt64) {
        waiting.insert(Entry(target: target, dirtySince: dirtySince, failureCount: 0))
    }

    /// Puts a file whose flush failed aside until its next attempt is due.
    mutating func addFailed(_ entry: Entry, now: UInt64) {
        let wait = min(
            Self.retryNanosecondsMin << UInt64(min(entry.failureCount, 16)),
            Self.retryNanosecondsMax
        )
        let again = Entry(
            target: entry.target,
            dirtySince: entry.dirtySince,
            failureCount: entry.failureCount + 1
        )
        failed.append((now + wait, again))
    }

    /// Lets failed files wait again whose attempt is due at `now`; returns when the next one is.
    mutating func revive(now: UInt64) -> UInt64? {
        guard !failed.isEmpty else { return nil }
        for item in failed where item.due <= now {
            waiting.insert(item.entry)
        }
        failed.removeAll { $0.due <= now }
        return failed.map(\.due).min()
    }

    mutating func popOldest() -> Entry? { waiting.popMin() }
}
