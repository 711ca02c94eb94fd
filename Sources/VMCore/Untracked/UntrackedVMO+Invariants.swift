internal import Support

extension UntrackedVMO {
    /// What is wrong with the VMO, one sentence each; empty if nothing is.
    ///
    /// For tests.
    func checkInvariants() -> [String] {
        state.withLock { state in state.faults() }
    }
}

extension UntrackedState {
    fileprivate mutating func faults() -> [String] {
        var faults: [String] = []
        var frames = Set<UInt32>()
        for run in content(of: PageRange(0, .max / pageSize)) {
            guard let own = run.frames else { continue }
            if run.pages.end > sizePages { faults.append("\(run.pages) lies beyond the size") }
            for frame in own.start..<own.end {
                if isMisplaced(frame, of: run.pages.start + UInt64(frame - own.start)) {
                    faults.append("frame \(frame) is not where its page has its place")
                }
                if !frames.insert(frame).inserted { faults.append("frame \(frame) is used twice") }
                if arena.state.withLock({ map in map.isFree(frame) }) {
                    faults.append("frame \(frame) is free")
                }
            }
        }
        if frames.count != table.residentCount {
            faults.append("\(table.residentCount) pages, in fact \(frames.count)")
        }
        let limit = parent?.limit ?? 0
        if limit > sizePages { faults.append("the parent's limit \(limit) is beyond the size") }
        for interval in zeros.all {
            if interval.end > limit { faults.append("\(interval) hides no parent") }
            if interval.start >= interval.end { faults.append("\(interval) is empty") }
            let hidden = content(of: PageRange(interval.start, max(interval.start, interval.end)))
            if hidden.contains(where: { $0.frames != nil }) {
                faults.append("\(interval) holds a page")
            }
        }
        return faults
    }
}
