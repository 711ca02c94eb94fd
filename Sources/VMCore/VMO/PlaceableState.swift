internal import Support

/// The state of a VMO whose pages can be given places of their own, so that a mapping can show
/// them.
///
/// Lock: that of the VMO.
protocol PlaceableState {
    var arena: FrameArena { get }
    var table: PageTable { get set }
    var placement: FramePlacement { get set }
    var freed: FrameRunList { get set }
    var observer: (any MappingObserver)? { get set }
}

extension PlaceableState {
    /// Gives `pages`, and what shares a block with them, their places, moves what is there, and
    /// makes sure that somebody hears of what becomes of them.
    ///
    /// - Throws: `noMemory` if the arena has no room for the blocks; some pages may have theirs
    ///   then.
    mutating func place(
        _ pages: PageRange,
        _ makeObserver: () -> any MappingObserver
    ) throws(Status) -> (parts: [PlacedPages], observer: any MappingObserver) {
        for gap in placement.gaps(in: pages) {
            guard gap.count <= UInt64(arena.frameCount),
                let run = arena.takeBlocks(Int(gap.count) / blockPages)
            else { throw .noMemory }
            placement.add(gap, run)
            moveFrames(of: gap, to: run)
        }
        let observer = self.observer ?? makeObserver()
        self.observer = observer
        return (placement.parts(in: pages), observer)
    }

    /// The frames that pages of one leaf, which have none, get in place of `run`: those of their
    /// place, with the same bytes, or `run` itself if they have no place.
    @inline(__always)
    mutating func placed(_ run: FrameRun, at page: UInt64) -> FrameRun {
        guard !placement.isEmpty, let frame = placement.frame(for: page) else { return run }
        // A page that went in the same hold of the lock must not take the frame with it at the end.
        if !freed.isEmpty {
            arena.release(freed)
            freed = FrameRunList()
        }
        let place = FrameRun(start: frame, count: run.count)
        arena.copyFrames(run, to: place)
        freed.append(run)
        return place
    }

    /// Whether a page with a place of its own has another frame.
    func isMisplaced(_ frame: UInt32, of page: UInt64) -> Bool {
        placement.frame(for: page).map { place in place != frame } ?? false
    }

    /// Moves the pages of leaves that got a block into it.
    private mutating func moveFrames(of pages: PageRange, to place: FrameRun) {
        var page = pages.start
        while let part = table.nextSegment(from: page, to: pages.end, .present) {
            page = part.end
            var index = part.leaf.fields.resident.firstOne(part.from, part.to)
            while index < part.to {
                let old = part.leaf.fields.frameRun(index, part.to)
                let start = place.start + UInt32(part.page(index) - pages.start)
                let new = FrameRun(start: start, count: old.count)
                arena.copyFrames(old, to: new)
                for offset in 0..<Int(old.count) {
                    part.leaf.fields.replaceFrame(index + offset, with: start + UInt32(offset))
                }
                freed.append(old)
                index += Int(old.count)
                index = part.leaf.fields.resident.firstOne(index, part.to)
            }
        }
    }
}
