public import Support

extension VirtualMemoryObject {
    /// Repeats `step` under the lock until the pages are ready; in between it waits for the pager
    /// or takes clean pages back.
    ///
    /// Returns the page up to which `step` was ready.
    ///
    /// - Throws: what `step` throws or the pager answers; `noMemory`.
    func access(
        _ step: (inout VMOState) throws(Status) -> AccessStep
    ) throws(Status) -> UInt64 {
        while true {
            switch try mutate(step) {
            case .ready(let end):
                return end
            case .wait(let admission):
                try complete(admission)
            case .needsFrames(let count):
                if pager.reclaim(count) == 0, pager.arena.freeCount == 0 { throw .noMemory }
            }
        }
    }

    /// Makes a page accessible to a load or store in a mapping, as `MappableMemory` says.
    public func fault(
        _ page: UInt64,
        isWrite: Bool,
        isWanted: () -> Bool,
        install: (UInt32?) -> Void
    ) throws(Status) {
        _ = try access { (state: inout VMOState) throws(Status) in
            guard isWanted() else { throw .badState }
            try state.check(PageRange(page, page + 1))
            if isWrite {
                let step = try state.makeWritable(at: page, end: page + 1, requestEnd: page + 1)
                guard case .ready = step else { return step }
                state.isModified = true
            }
            let run = state.run(at: page, limit: page + 1)
            switch run.kind {
            case .absent:
                return .wait(try state.requestPages(from: page, limit: page + 1))
            case .marker, .dirtyZero, .untrackedZero:
                install(nil)
            case .data:
                guard let leaf = run.leaf else { break }
                leaf.fields.markReferenced(run.from, run.from + 1)
                install(leaf.fields.frame(run.from))
            }
            return .ready(end: page + 1)
        }
    }
}

extension VMOState {
    /// Makes the first pages of `page ..< end` Dirty, so that they can be written until the lock is
    /// given up.
    ///
    /// A request made here reaches to `requestEnd` at most. A slot without a page gets one, alone.
    mutating func makeWritable(
        at page: UInt64,
        end: UInt64,
        requestEnd: UInt64
    ) throws(Status) -> AccessStep {
        let limit = min(requestEnd, page + writeRequestPagesMax)
        let run = run(at: page, limit: end)
        if run.kind == .absent {
            return .wait(try requestPages(from: page, limit: limit))
        }
        let dirtyEnd = dirtyPrefixEnd(run, at: page)
        if dirtyEnd > page { return .ready(end: dirtyEnd) }
        if traps { return .wait(try requestDirty(from: page, limit: limit)) }
        guard run.kind == .data, let leaf = run.leaf else {
            return installZeros(at: page, isDirty: true)
        }
        statistics.dirtyRequests.add(1)
        let to = run.from + Int(run.end - page)
        redirtied += table.makeDirty(leaf, run.from, to).awaitingClean
        leaf.fields.markReferenced(run.from, to)
        return .ready(end: run.end)
    }

    /// Puts a page of zeros into a slot that reads as zeros.
    mutating func installZeros(at page: UInt64, isDirty: Bool) -> AccessStep {
        var frames = arena.take(1)
        guard let taken = frames.takeContiguous(1) else { return .needsFrames(1) }
        arena.zero(taken)
        if isDirty {
            installDirty(taken, at: page)
        } else {
            install(taken, at: page, isDirty: false)
        }
        return .ready(end: page + 1)
    }
}
