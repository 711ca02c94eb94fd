internal import Support

/// Which pages of a VMO are pinned, and how often: held in place for a device, or what stands for
/// one.
///
/// A pinned page is not freed, evicted or cut off, and a writeback of it cannot begin.
///
/// Lock: that of the VMO.
struct PinCounts {
    private var counts: [UInt64: Int] = [:]

    var isEmpty: Bool { counts.isEmpty }

    mutating func add(_ pages: PageRange) {
        for page in pages.start..<pages.end { counts[page, default: 0] += 1 }
    }

    mutating func remove(_ pages: PageRange) {
        for page in pages.start..<pages.end {
            guard let count = counts[page] else { continue }
            counts[page] = count > 1 ? count - 1 : nil
        }
    }

    /// The first pinned page of `pages`; nil if none is.
    func first(in pages: PageRange) -> UInt64? {
        if isEmpty { return nil }
        if pages.count > UInt64(counts.count) {
            return counts.keys.filter { pages.contains($0) }.min()
        }
        return (pages.start..<pages.end).first { counts[$0] != nil }
    }

    /// The parts of `pages` without a pin.
    func unpinned(in pages: PageRange) -> [PageRange] {
        if isEmpty { return [pages] }
        var parts: [PageRange] = []
        var start = pages.start
        while let pinned = first(in: PageRange(start, pages.end)) {
            if pinned > start { parts.append(PageRange(start, pinned)) }
            start = pinned + 1
        }
        if start < pages.end { parts.append(PageRange(start, pages.end)) }
        return parts
    }
}
