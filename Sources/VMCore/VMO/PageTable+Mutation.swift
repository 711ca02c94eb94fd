internal import Support

extension PageTable {
    /// Puts frames behind pages that have none, from `page` on.
    ///
    /// The run lies in one leaf.
    mutating func install(_ run: FrameRun, at page: UInt64, isDirty: Bool) {
        let leaf = makeLeaf(page / UInt64(leafPages))
        let wasResident = !leaf.fields.resident.isEmpty
        leaf.fields.install(run, at: Int(page % UInt64(leafPages)), isDirty: isDirty)
        residentCount += Int(run.count)
        if isDirty { dirtyCount += Int(run.count) }
        settle(leaf, wasResident: wasResident)
    }

    /// Makes resident pages of one leaf Dirty; returns how many were Clean and AwaitingClean.
    mutating func makeDirty(
        _ leaf: LeafReference,
        _ from: Int,
        _ to: Int
    ) -> (clean: Int, awaitingClean: Int) {
        let moved = leaf.fields.makeDirty(from, to)
        dirtyCount += moved.clean + moved.awaitingClean
        awaitingCleanCount -= moved.awaitingClean
        settle(leaf, wasResident: true)
        return moved
    }

    /// Dirty pages in the range become AwaitingClean.
    mutating func beginWriteback(_ pages: PageRange) {
        var page = pages.start
        while let segment = nextSegment(from: page, to: pages.end, .reported) {
            let moved = segment.leaf.fields.beginWriteback(segment.from, segment.to)
            dirtyCount -= moved
            awaitingCleanCount += moved
            page = segment.end
        }
    }

    /// AwaitingClean pages in the range become Clean.
    mutating func endWriteback(_ pages: PageRange) {
        var page = pages.start
        while let segment = nextSegment(from: page, to: pages.end, .reported) {
            page = segment.end
            awaitingCleanCount -= segment.leaf.fields.endWriteback(segment.from, segment.to)
            settle(segment.leaf, wasResident: true)
        }
    }

    /// Makes Empty slots Markers.
    ///
    /// The pages lie in one leaf.
    mutating func addMarkers(_ pages: PageRange) {
        let leaf = makeLeaf(pages.start / UInt64(leafPages))
        let from = Int(pages.start % UInt64(leafPages))
        leaf.fields.addMarkers(from, from + Int(pages.count))
        settle(leaf, wasResident: !leaf.fields.resident.isEmpty)
    }

    /// Takes Pages out, and Markers too if asked, and adds the frames to `freed`; returns how many
    /// Dirty and AwaitingClean pages went.
    mutating func remove(
        _ pages: PageRange,
        alsoMarkers: Bool,
        into freed: inout FrameRunList
    ) -> Int {
        var reported = 0
        var page = pages.start
        while let segment = nextSegment(from: page, to: pages.end, .present) {
            page = segment.end
            let leaf = segment.leaf
            let wasResident = !leaf.fields.resident.isEmpty
            if wasResident {
                let removed = leaf.fields.removePages(segment.from, segment.to, into: &freed)
                residentCount -= removed.resident
                dirtyCount -= removed.dirty
                awaitingCleanCount -= removed.awaitingClean
                reported += removed.dirty + removed.awaitingClean
            }
            if alsoMarkers { leaf.fields.removeMarkers(segment.from, segment.to) }
            settle(leaf, wasResident: wasResident)
        }
        return reported
    }

    /// Takes Markers out of leaves that have nothing else, except where they touch `kept`, until
    /// `countMax` such leaves are left.
    mutating func dropMarkerLeaves(downTo countMax: Int, keeping kept: PageRange) {
        var index: UInt64 = 0
        while markerLeafCount > countMax, let leaf = nextLeaf(atOrAfter: index, .present) {
            index = leaf.fields.index + 1
            let base = leaf.fields.base
            let covered = PageRange(start: base, count: UInt64(leafPages))
            guard leaf.fields.resident.isEmpty, !covered.overlaps(kept) else { continue }
            leaf.fields.removeMarkers(0, leafPages)
            settle(leaf, wasResident: false)
        }
    }
}
