internal import Support

extension VirtualMemoryObject {
    /// Leaves that one hold of the lock looks at: 8,192 pages, about 10 us.
    ///
    /// More would make writers wait, fewer takes the lock more often.
    private static let evictionStepLeaves = 128

    /// Evicts up to `count` Clean pages, those not used for longest first (second chance); returns
    /// how many.
    ///
    /// Pages that are leased or pinned stay.
    public func evictClean(_ count: Int) -> Int {
        let first = evictPass(count)
        return first < count ? first + evictPass(count - first) : first
    }

    /// One round of the eviction hand over the VMO: evicts Clean pages that were not used since
    /// the last round.
    func evictPass(_ count: Int) -> Int {
        guard count > 0 else { return 0 }
        var evicted = 0
        var start: UInt64?
        var hasWrapped = false
        var isOver = false
        while evicted < count, !isOver {
            evicted += mutate { state in
                let first = start ?? state.evictionHand
                start = first
                return state.evictStep(
                    count - evicted,
                    leaves: Self.evictionStepLeaves,
                    until: first,
                    &hasWrapped,
                    &isOver
                )
            }
        }
        if evicted > 0 { pager.statistics.evictedPages.add(evicted) }
        return evicted
    }
}

extension VMOState {
    /// Moves the hand over up to `leaves` leaves; `isOver` once it is round at leaf `start`.
    fileprivate mutating func evictStep(
        _ count: Int,
        leaves: Int,
        until start: UInt64,
        _ hasWrapped: inout Bool,
        _ isOver: inout Bool
    ) -> Int {
        var evicted = 0
        for _ in 0..<leaves {
            guard let leaf = table.nextLeaf(atOrAfter: evictionHand, .clean),
                !hasWrapped || leaf.fields.index < start
            else {
                if hasWrapped || start == 0 {
                    isOver = true
                    return evicted
                }
                hasWrapped = true
                evictionHand = 0
                continue
            }
            let index = leaf.fields.index
            evicted += evict(leaf, count - evicted)
            if evicted == count { return evicted }
            evictionHand = index + 1
        }
        return evicted
    }

    /// Evicts up to `count` pages of `leaf`, which may go with them.
    private mutating func evict(_ leaf: LeafReference, _ count: Int) -> Int {
        let base = leaf.fields.base
        let hasPins = arena.hasPins
        var evicted = 0
        var victims = leaf.fields.passHand().word
        var doomed = PageBits()
        while victims != 0, evicted < count {
            let index = victims.trailingZeroBitCount
            victims &= victims - 1
            if hasPins, arena.isPinned(leaf.fields.frame(index)) { continue }
            let page = base + UInt64(index)
            if pins.first(in: PageRange(start: page, count: 1)) != nil { continue }
            doomed.set(1 << UInt64(index))
            evicted += 1
        }
        var from = doomed.firstOne(0, leafPages)
        while from < leafPages {
            let to = doomed.firstZero(from, leafPages)
            let pages = PageRange(base + UInt64(from), base + UInt64(to))
            _ = table.remove(pages, alsoMarkers: false, into: &freed)
            emptied.note(pages)
            observer?.revokeAll(pages)
            from = doomed.firstOne(to, leafPages)
        }
        return evicted
    }
}
