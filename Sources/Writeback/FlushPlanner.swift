public import Support
public import VMCore

/// Chooses, from the dirty ranges of a file, what one round of writeback takes on.
///
/// Pure.
public enum FlushPlanner {
    /// Bytes of data in one round, and so in one write.
    ///
    /// 8 MiB keeps a disk busy with one direct write (half of it costs a tenth of the throughput,
    /// twice as much gains nothing), while a truncate waits at most one such write for the gate.
    public static let roundBytesMax: UInt64 = 8 << 20

    /// Dirty ranges asked for at once: enough for a round of scattered pages, 6 KiB of buffer.
    public static let roundRangesMax = 256

    /// One range of a round.
    public struct Item: Hashable, Sendable {
        /// The pages to write back.
        public var pages: PageRange
        /// Whether the core calls them zero: they become a hole, not data.
        public var isZero: Bool
    }

    /// A prefix of `ranges`, as the core returned them, that fits into one round.
    ///
    /// A data range is cut where the round is full; the next round queries from there on. A zero
    /// range is never cut, whatever its size: a BEGIN that starts inside a zero interval is
    /// ignored by the core, and the hole costs no data.
    ///
    /// Postconditions:
    /// - Not empty unless `ranges` is empty.
    public static func plan(_ ranges: [DirtyRange]) -> [Item] {
        var items: [Item] = []
        items.reserveCapacity(ranges.count)
        var room = roundBytesMax / pageSize
        for range in ranges {
            let pages = PageRange(
                start: range.offset / pageSize,
                count: range.length / pageSize
            )
            if range.options & DirtyRange.isZero != 0 {
                items.append(Item(pages: pages, isZero: true))
                continue
            }
            if room == 0 { break }
            let taken = min(room, pages.count)
            items.append(
                Item(pages: PageRange(start: pages.start, count: taken), isZero: false)
            )
            room -= taken
            if taken < pages.count { break }
        }
        return items
    }
}
