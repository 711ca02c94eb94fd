internal import HeapModule
internal import Support

/// The files with dirty pages, oldest first, and those whose flush failed, by their next attempt.
///
/// A plain value; the engine guards it. A file may stand in it more than once: flushing a clean
/// file costs one query, and looking for duplicates would cost every first write of a file.
struct FlushQueue {
    /// A file and when its oldest dirty page was written.
    struct Entry {
        let target: any WritebackTarget
        let dirtySince: UInt64
        /// Failed flushes in a row.
        let failureCount: Int
    }

    /// An entry as the queue keeps it.
    ///
    /// Weak: a file that is removed and forgotten must give back its pages and descriptors at once
    /// and not when its turn comes. Whoever needs what is dirty in a file holds the file.
    private struct Place: Comparable {
        weak var target: (any WritebackTarget)?
        let dirtySince: UInt64
        let failureCount: Int

        init(_ entry: Entry) {
            target = entry.target
            dirtySince = entry.dirtySince
            failureCount = entry.failureCount
        }

        static func < (left: Place, right: Place) -> Bool { left.dirtySince < right.dirtySince }
        static func == (left: Place, right: Place) -> Bool {
            left.dirtySince == right.dirtySince
        }
    }

    /// The first wait after a failure, doubled with each further one up to the largest.
    static let retryNanosecondsMin: UInt64 = 250_000_000
    /// The longest wait between two attempts at a failing file, a fraction of the 30 s after
    /// which people look.
    static let retryNanosecondsMax: UInt64 = 5_000_000_000

    private var waiting: Heap<Place> = []
    private var failed: [(due: UInt64, place: Place)] = []

    /// The files that wait, failed ones left aside; some may be gone.
    var count: Int { waiting.count }

    /// When the oldest page of the files that wait was written.
    var oldest: UInt64? { waiting.min?.dirtySince }

    mutating func add(_ target: any WritebackTarget, dirtySince: UInt64) {
        let entry = Entry(target: target, dirtySince: dirtySince, failureCount: 0)
        waiting.insert(Place(entry))
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
        failed.append((now + wait, Place(again)))
    }

    /// Lets failed files wait again whose attempt is due at `now`; returns when the next one is.
    mutating func revive(now: UInt64) -> UInt64? {
        dropGone()
        guard !failed.isEmpty else { return nil }
        for item in failed where item.due <= now && item.place.target != nil {
            waiting.insert(item.place)
        }
        failed.removeAll { $0.due <= now || $0.place.target == nil }
        return failed.map(\.due).min()
    }

    /// Takes out the file that has been dirty longest.
    mutating func popOldest() -> Entry? {
        // Also afterwards, so that `oldest` speaks of a file that is still there.
        defer { dropGone() }
        while let place = waiting.popMin() {
            guard let target = place.target else { continue }
            return Entry(
                target: target,
                dirtySince: place.dirtySince,
                failureCount: place.failureCount
            )
        }
        return nil
    }

    private mutating func dropGone() {
        while let place = waiting.min, place.target == nil { waiting.removeMin() }
    }
}
