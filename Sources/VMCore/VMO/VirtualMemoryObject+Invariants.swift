internal import Support

extension VirtualMemoryObject {
    /// What is wrong with the VMO, one sentence each; empty if nothing is.
    ///
    /// For tests.
    func checkInvariants() -> [String] {
        state.withLock { state in
            state.tableFaults() + state.intervalFaults()
        }
    }
}

extension VMOState {
    fileprivate mutating func tableFaults() -> [String] {
        var faults: [String] = []
        var counts = PageCounts()
        var markerLeafCount = 0
        var frames = Set<UInt32>()
        var index: UInt64 = 0
        while let leaf = table.nextLeaf(atOrAfter: index, .present) {
            index = leaf.fields.index + 1
            faults += leaf.fields.faults(sizePages: sizePages)
            counts.resident += leaf.fields.resident.count(0, leafPages)
            counts.dirty += leaf.fields.dirty.count(0, leafPages)
            counts.awaitingClean += leaf.fields.awaitingClean.count(0, leafPages)
            if leaf.fields.resident.isEmpty { markerLeafCount += 1 }
            for bit in 0..<leafPages where leaf.fields.resident[bit] {
                let frame = leaf.fields.frame(bit)
                if !frames.insert(frame).inserted { faults.append("frame \(frame) is used twice") }
                if isMisplaced(frame, of: leaf.fields.base + UInt64(bit)) {
                    faults.append("frame \(frame) is not where its page has its place")
                }
                if arena.state.withLock({ map in map.isFree(frame) }) {
                    faults.append("frame \(frame) is free")
                }
            }
            if table.leaf(leaf.fields.index) == nil {
                faults.append("leaf \(leaf.fields.index) is not found by number")
            }
        }
        counts.dirtyZero = zeros.pageCount
        if counts != self.counts { faults.append("counts \(self.counts), in fact \(counts)") }
        if markerLeafCount != table.markerLeafCount {
            faults.append("\(table.markerLeafCount) marker leaves, in fact \(markerLeafCount)")
        }
        faults += summaryFaults(.reported) { $0.hasReported }
        faults += summaryFaults(.clean) { $0.hasClean }
        return faults
    }

    /// Compares a search by the nodes' summaries with a walk over all leaves.
    private func summaryFaults(
        _ filter: PageTable.Filter,
        _ passes: (LeafSummary) -> Bool
    ) -> [String] {
        var walked: [UInt64] = []
        var index: UInt64 = 0
        while let leaf = table.nextLeaf(atOrAfter: index, .present) {
            index = leaf.fields.index + 1
            if passes(leaf.fields.actualSummary) { walked.append(leaf.fields.index) }
        }
        var searched: [UInt64] = []
        index = 0
        while let leaf = table.nextLeaf(atOrAfter: index, filter) {
            index = leaf.fields.index + 1
            searched.append(leaf.fields.index)
        }
        return walked == searched ? [] : ["summary \(filter) finds \(searched), not \(walked)"]
    }

    fileprivate mutating func intervalFaults() -> [String] {
        var faults: [String] = []
        var previousEnd: UInt64?
        var pageCount: UInt64 = 0
        for interval in zeros.all {
            if interval.start >= interval.end { faults.append("\(interval) is empty") }
            if interval.end > sizePages { faults.append("\(interval) ends after the VMO") }
            if let previousEnd, interval.start <= previousEnd {
                faults.append("\(interval) touches the one before")
            }
            previousEnd = interval.end
            pageCount += interval.end - interval.start
            let present = table.nextSegment(from: interval.start, to: interval.end, .present)
            if let part = present, part.leaf.fields.firstPresent(part.from, part.to) < part.to {
                faults.append("\(interval) holds a page or a marker")
            }
        }
        if Int(pageCount) != zeros.pageCount { faults.append("\(pageCount) zero pages in fact") }
        if !zeros.isWellFormed { faults.append("a chunk of intervals is empty or too large") }
        return faults
    }
}

extension Leaf {
    fileprivate borrowing func faults(sizePages: UInt64) -> [String] {
        var faults: [String] = []
        if dirty.word & awaitingClean.word != 0 {
            faults.append("a page is both dirty and awaiting clean")
        }
        if reported.word & ~resident.word != 0 {
            faults.append("a page without a frame is dirty")
        }
        if referenced.word & ~resident.word != 0 {
            faults.append("a page without a frame is referenced")
        }
        if marker.word & resident.word != 0 { faults.append("a page is a marker too") }
        if isEmpty { faults.append("leaf \(index) is empty") }
        if summary != actualSummary { faults.append("leaf \(index) is not settled") }
        let sizeBit = sizePages > base ? min(Int(sizePages - base), leafPages) : 0
        if firstPresent(sizeBit, leafPages) < leafPages {
            faults.append("leaf \(index) has a page beyond the size")
        }
        return faults
    }
}
