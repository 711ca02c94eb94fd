import Support

@testable import VMCore

extension PagerModelRun {
    /// What can be seen of the VMO.
    func observe() throws -> PagerObservation {
        var seen = PagerObservation()
        let size = object.size / pageSize
        seen.slots = (0..<size).map { object.slot($0) }
        for (page, slot) in seen.slots.enumerated() {
            if slot == .empty {
                seen.contents.append(nil)
                continue
            }
            let bytes = try table.vmoRead(vmo, offset: UInt64(page) * pageSize, length: pageSize)
            guard let units = bytes.asUnits?.first else {
                fail("page \(page) is torn")
                continue
            }
            seen.contents.append(units)
        }
        seen.intervals = object.zeroIntervals
        seen.dirtyRanges = try queryDirtyRanges(0..<size)
        seen.committedPages = Int(try table.vmoInfo(vmo).committedBytes / pageSize)
        seen.streamSize = try table.vmoGetStreamSize(vmo) / PagerOracle.unitBytes
        seen.isModified =
            try table.pagerQueryVMOStats(pager, vmo, options: 0, bufferSize: 4) == 1
        seen.calls = calls.mapValues(\.thread.outcome)
        seen.packets = packets
        return seen
    }

    private func queryDirtyRanges(_ window: Range<UInt64>) throws(Status) -> [DirtyRange] {
        try table.pagerQueryDirtyRanges(
            pager,
            vmo,
            offset: window.lowerBound * pageSize,
            length: UInt64(window.count) * pageSize,
            capacity: window.count + 1,
            countingAvailable: true
        ).ranges
    }
}

extension VirtualMemoryObject {
    /// What the slot of a page is.
    func slot(_ page: UInt64) -> PagerOracle.Slot {
        state.withLock { state in
            let run = state.run(at: page, limit: page + 1)
            switch run.kind {
            case .absent: return .empty
            case .marker: return .marker
            case .dirtyZero: return .dirtyZero
            case .untrackedZero: return .untracked
            case .data:
                guard let leaf = run.leaf else { return .empty }
                if leaf.fields.dirty[run.from] { return .page(.dirty) }
                return .page(leaf.fields.awaitingClean[run.from] ? .awaitingClean : .clean)
            }
        }
    }

    /// The zero intervals of both kinds, ascending.
    var zeroIntervals: [PagerObservation.Interval] {
        state.withLock { state in
            let all = state.zeros.all.map { ($0, true) } + state.untracked.all.map { ($0, false) }
            return all.sorted { $0.0.start < $1.0.start }.map { interval, isDirty in
                PagerObservation.Interval(
                    start: interval.start,
                    end: interval.end,
                    isDirty: isDirty,
                    awaitingCleanLength: interval.awaitingCleanLength
                )
            }
        }
    }
}
