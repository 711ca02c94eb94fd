import Support
import VMCore

// Calls that may wait for the pager: ZIRCON.md 3.4, 3.5, 3.8 and 3.9.
extension PagerOracle {
    /// A call of a thread, as the pieces of work that are left of it.
    struct Call: Hashable {
        var pieces: [Piece]
        /// With what the request failed for which the call waited.
        var failure: Status?
        /// Whether a failure of what is left is none of the call.
        var ignoresFailure = false
        var outcome: Outcome?
        /// The pages that a pin has got hold of.
        var pinned: [UInt64] = []
    }

    enum Outcome: Hashable {
        case success
        case failure(Status)
    }

    /// A piece of work, of which the pages from `next` on are left.
    struct Piece: Hashable {
        enum Work: Hashable {
            case read
            case prefetch
            case commit
            case write(units: Range<UInt64>, stamp: UInt8)
            case pin(forWrite: Bool)
            /// Zeroes a part of the one page, in units of the page.
            case zeroPart(Range<Int>)
            case zeroWhole
            /// Moves the end of the content, in units; whole pages from `next` on become zeros that
            /// nobody writes back.
            case setStreamSize(UInt64)
        }

        let work: Work
        var next: UInt64
        let end: UInt64

        /// Whether no page is left; the size alone takes no page.
        var isOver: Bool {
            if case .setStreamSize = work { return false }
            return next >= end
        }

        /// Whether what a shrink has cut off is left out; everything else fails then.
        var isTrimmed: Bool { work == .commit || work == .prefetch }
    }

    private enum Step {
        case again
        case blocked
        case failed(Status)
    }

    /// Starts a call, as number `id`.
    mutating func start(_ id: Int, _ pieces: [Piece], ignoresFailure: Bool = false) {
        calls[id] = Call(pieces: pieces, ignoresFailure: ignoresFailure)
        runnable.insert(id)
    }

    /// Every state in which all calls wait or are over: they may go on in any order.
    func settled() -> Set<PagerOracle> {
        guard !runnable.isEmpty else { return [self] }
        var states: Set<PagerOracle> = []
        for id in runnable {
            var next = self
            next.runnable.remove(id)
            next.run(id)
            states.formUnion(next.settled())
        }
        return states
    }

    /// Goes on with a call until it waits or is over.
    private mutating func run(_ id: Int) {
        guard var call = calls[id] else { return }
        if let status = call.failure {
            call.failure = nil
            end(id, call, .failure(status))
            return
        }
        while let piece = call.pieces.first {
            if piece.isOver {
                call.pieces.removeFirst()
                continue
            }
            switch step(id, &call, piece) {
            case .again:
                continue
            case .blocked:
                calls[id] = call
                return
            case .failed(let status):
                end(id, call, .failure(status))
                return
            }
        }
        end(id, call, .success)
    }

    private mutating func end(_ id: Int, _ call: Call, _ outcome: Outcome) {
        var call = call
        call.pieces = []
        call.outcome = call.ignoresFailure ? .success : outcome
        if case .failure = outcome {
            unpin(call.pinned)
            call.pinned = []
        }
        calls[id] = call
    }

    mutating func unpin(_ pages: [UInt64]) {
        for page in pages {
            let count = pins[page] ?? 0
            pins[page] = count > 1 ? count - 1 : nil
        }
    }

    /// Does the next page of a piece, or more.
    private mutating func step(_ id: Int, _ call: inout Call, _ piece: Piece) -> Step {
        let end = piece.isTrimmed ? min(piece.end, size) : piece.end
        if end > size { return .failed(.outOfRange) }
        let page = piece.next
        var next = page + 1
        var step = Step.again
        switch piece.work {
        case .read, .prefetch, .commit:
            if page >= end {
                next = piece.end
            } else if piece.work == .commit {
                step = getPage(id, page, end)
            } else if slot(page) == .empty {
                step = wait(id, .read, page, end)
            }
        case .write(let units, let stamp):
            step = getWritable(id, page, end)
            if case .again = step { write(page, units, stamp) }
        case .pin(let forWrite):
            step = forWrite ? getWritable(id, page, end) : getPage(id, page, end)
            if case .again = step {
                pins[page, default: 0] += 1
                call.pinned.append(page)
                if forWrite, next == end { isModified = true }
            }
        case .zeroPart(let units):
            step = zeroPart(id, page, units)
        case .zeroWhole:
            let pinned = (page..<end).first { isPinned($0) } ?? end
            if pinned == page {
                step = zeroPart(id, page, 0..<Self.unitsPerPage)
            } else {
                next = pinned
                zeroWhole(page..<next)
            }
        case .setStreamSize(let units):
            for pinned in page..<size where isPinned(pinned) {
                let step = zeroPart(id, pinned, 0..<Self.unitsPerPage)
                guard case .again = step else { return step }
            }
            untrack((page..<size).filter { !isPinned($0) })
            streamSize = units
            call.pieces.removeFirst()
            return .again
        }
        if case .again = step { call.pieces[0].next = next }
        return step
    }

    private mutating func wait(
        _ id: Int,
        _ command: PageRequestCommand,
        _ page: UInt64,
        _ end: UInt64
    ) -> Step {
        request(command, page, end, for: id) ? .blocked : .failed(.badState)
    }

    /// 3.4: COMMIT, and a pin for reading.
    private mutating func getPage(_ id: Int, _ page: UInt64, _ end: UInt64) -> Step {
        switch slot(page) {
        case .empty:
            return wait(id, .read, page, end)
        case .page:
            return .again
        case .marker:
            markers.remove(page)
            pages[page] = Page(state: .clean, units: Self.zeros)
            return .again
        case .dirtyZero, .untracked:
            if traps { return wait(id, .dirty, page, end) }
            makeDirty(page)
            return .again
        }
    }

    /// 3.5.
    private mutating func getWritable(_ id: Int, _ page: UInt64, _ end: UInt64) -> Step {
        switch slot(page) {
        case .empty:
            return wait(id, .read, page, end)
        case .page(.dirty):
            return .again
        default:
            if traps { return wait(id, .dirty, page, end) }
            makeDirty(page)
            return .again
        }
    }

    private mutating func write(_ page: UInt64, _ units: Range<UInt64>, _ stamp: UInt8) {
        let first = page * UInt64(Self.unitsPerPage)
        for unit in 0..<Self.unitsPerPage where units.contains(first + UInt64(unit)) {
            pages[page]?.units[unit] = stamp
        }
        isModified = true
    }

    /// 3.8: a partial page, or a pinned one.
    private mutating func zeroPart(_ id: Int, _ page: UInt64, _ units: Range<Int>) -> Step {
        switch slot(page) {
        case .empty:
            return wait(id, .read, page, page + 1)
        case .marker, .dirtyZero, .untracked:
            return .again
        case .page(let state):
            if traps, state != .dirty { return wait(id, .dirty, page, page + 1) }
            makeDirty(page)
            for unit in units { pages[page]?.units[unit] = 0 }
            isModified = true
            return .again
        }
    }

    /// 3.8: whole pages, none of them pinned.
    private mutating func zeroWhole(_ range: Range<UInt64>) {
        isModified = true
        for interval in intervals where !interval.isDirty {
            let part = range.clamped(to: interval.start..<interval.end)
            let touchesAnEnd =
                part.lowerBound == interval.start || part.upperBound == interval.end
            guard !part.isEmpty, touchesAnEnd else { continue }
            for page in part { takeOutOfIntervals(page) }
            addZeros(part, isDirty: true)
        }
        for page in range {
            switch slot(page) {
            case .empty:
                addZeros(page..<(page + 1), isDirty: true)
                resolve(.read, page..<(page + 1))
            case .page:
                pages[page] = nil
                addZeros(page..<(page + 1), isDirty: true)
            case .marker, .dirtyZero, .untracked:
                break
            }
        }
    }

    /// What lies beyond the content, none of it pinned, becomes untracked zeros.
    private mutating func untrack(_ pages: [UInt64]) {
        for page in pages where slot(page) != .untracked {
            if slot(page) == .empty { resolve(.read, page..<(page + 1)) }
            markers.remove(page)
            self.pages[page] = nil
            takeOutOfIntervals(page)
            addZeros(page..<(page + 1), isDirty: false)
        }
    }
}
