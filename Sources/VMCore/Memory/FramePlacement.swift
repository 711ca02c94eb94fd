internal import Support

/// Where the pages of the mapped parts of a VMO lie: in blocks of the arena, one for each
/// `blockPages` pages, so that pages in order have frames in order.
///
/// A page there has the frame with its place in the block, or none. Pages that have a block keep
/// it until the VMO goes.
struct FramePlacement: Sendable {
    /// Whole blocks, ascending.
    private(set) var parts: [PlacedPages] = []

    var isEmpty: Bool { parts.isEmpty }

    /// The frame of `page`; nil if it has no block.
    func frame(for page: UInt64) -> UInt32? {
        let index = index(endingAfter: page)
        guard index < parts.count, parts[index].pages.contains(page) else { return nil }
        return parts[index].start + UInt32(page - parts[index].pages.start)
    }

    /// The parts of `pages` that have blocks.
    func parts(in pages: PageRange) -> [PlacedPages] {
        var found: [PlacedPages] = []
        var index = index(endingAfter: pages.start)
        while index < parts.count, parts[index].pages.start < pages.end {
            found.append(parts[index].clamped(to: pages))
            index += 1
        }
        return found
    }

    /// The leaves that `pages` touches and that have no block, as runs of pages.
    func gaps(in pages: PageRange) -> [PageRange] {
        guard !pages.isEmpty else { return [] }
        let size = UInt64(blockPages)
        let whole = PageRange(pages.start / size * size, (pages.end + size - 1) / size * size)
        var gaps: [PageRange] = []
        var start = whole.start
        for part in parts(in: whole) {
            if part.pages.start > start { gaps.append(PageRange(start, part.pages.start)) }
            start = part.pages.end
        }
        if start < whole.end { gaps.append(PageRange(start, whole.end)) }
        return gaps
    }

    /// Gives `pages`, whole leaves without blocks, the blocks of `run`.
    mutating func add(_ pages: PageRange, _ run: FrameRun) {
        precondition(pages.count == UInt64(run.count), "\(pages) in \(run)")
        let index = index(endingAfter: pages.start)
        parts.insert(PlacedPages(pages: pages, start: run.start), at: index)
    }

    /// The first part that ends after `page`.
    private func index(endingAfter page: UInt64) -> Int {
        var low = 0
        var high = parts.count
        while low < high {
            let middle = (low + high) / 2
            if parts[middle].pages.end <= page { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
