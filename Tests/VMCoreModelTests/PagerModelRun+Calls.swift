import Support

@testable import VMCore

// The calls that may wait, chosen at random.
extension PagerModelRun {
    /// Starts a call, unless too many are at work or one of them must not meet it.
    func startCall() throws {
        guard calls.count < Self.threadsMax else { return }
        let size = oracle.size
        let start = pick(size + 1)
        let pages = start..<min(size, start + 1 + pick(5))
        switch pick(15) {
        case 0...1: try startRead(pages)
        case 2...4: try startWrite(pages)
        case 5...6: try startOperation(1, .commit, pages)
        case 7: try startOperation(14, .prefetch, pages)
        case 8...9: try startPin(pages)
        case 10...12: try startZero(pages)
        case 13: try startSetStreamSize()
        default: try startSetSize()
        }
    }

    /// Whether a call of a kind may run beside those that do.
    private func mayStart(_ kind: Kind, _ pages: Range<UInt64>) -> Bool {
        calls.values.allSatisfy { other in
            other.isReader || !other.pages.overlaps(pages)
                || (kind == .shared && other.kind == .shared)
        }
    }

    private func pieces(_ work: PagerOracle.Piece.Work, _ pages: Range<UInt64>)
        -> [PagerOracle.Piece]
    {
        [PagerOracle.Piece(work: work, next: pages.lowerBound, end: pages.upperBound)]
    }

    private func startRead(_ pages: Range<UInt64>) throws {
        let (table, vmo) = (table, vmo)
        try start(
            "read \(pages)",
            .shared,
            isReader: true,
            pages,
            { result throws(Status) in
                let bytes = try table.vmoRead(
                    vmo,
                    offset: pages.lowerBound * pageSize,
                    length: UInt64(pages.count) * pageSize
                )
                result.withLock { $0.bytes = bytes }
            },
            { $0.start($1, pieces(.read, pages)) }
        )
    }

    /// Units inside `pages`, often all of them.
    private func pickUnits(_ pages: Range<UInt64>) -> Range<UInt64> {
        let perPage = UInt64(PagerOracle.unitsPerPage)
        let (first, end) = (pages.lowerBound * perPage, pages.upperBound * perPage)
        if pages.isEmpty || pick(3) == 0 { return first..<end }
        let start = first + pick(perPage)
        return start..<max(start + 1, end - pick(perPage))
    }

    func startWrite(_ pages: Range<UInt64>) throws {
        guard !pages.isEmpty, calls.count < Self.threadsMax, mayStart(.shared, pages) else {
            return
        }
        if !calls.values.contains(where: { !$0.isReader }) {
            writtenStamp = writtenStamp == 0x7F ? 1 : writtenStamp + 1
        }
        let (table, vmo, stamp) = (table, vmo, writtenStamp)
        let units = pickUnits(pages)
        let bytes = units.bytes
        try start(
            "write \(stamp) to units \(units)",
            .shared,
            units.pages,
            { _ throws(Status) in
                let data = [UInt8](repeating: stamp, count: Int(bytes.count))
                try table.vmoWrite(vmo, offset: bytes.start, bytes: data)
            },
            { $0.start($1, pieces(.write(units: units, stamp: stamp), units.pages)) }
        )
    }

    private func startOperation(
        _ operation: UInt32,
        _ work: PagerOracle.Piece.Work,
        _ pages: Range<UInt64>
    ) throws {
        guard mayStart(.shared, pages) else { return }
        let (table, vmo) = (table, vmo)
        try start(
            "\(work) \(pages)",
            .shared,
            pages,
            { _ throws(Status) in
                try table.vmoOpRange(
                    vmo,
                    operation,
                    offset: pages.lowerBound * pageSize,
                    size: UInt64(pages.count) * pageSize
                )
            },
            { $0.start($1, pieces(work, pages)) }
        )
    }

    private func startPin(_ pages: Range<UInt64>) throws {
        guard !pages.isEmpty, pins.count < 2, mayStart(.shared, pages) else { return }
        let forWrite = pick(2) == 0
        let (table, vmo) = (table, vmo)
        try start(
            "pin \(pages), for write \(forWrite)",
            .shared,
            pages,
            { result throws(Status) in
                let handle = try table.vmoPin(
                    vmo,
                    options: forWrite ? 2 : 1,
                    offset: pages.lowerBound * pageSize,
                    size: UInt64(pages.count) * pageSize
                )
                result.withLock { $0.pin = handle }
            },
            { $0.start($1, pieces(.pin(forWrite: forWrite), pages)) }
        )
    }

    func startZero(_ pages: Range<UInt64>) throws {
        let units = pickUnits(pages)
        guard calls.count < Self.threadsMax, mayStart(.exclusive, units.pages) else { return }
        let (table, vmo, bytes) = (table, vmo, units.bytes)
        try start(
            "zero units \(units)",
            .exclusive,
            units.pages,
            { _ throws(Status) in
                try table.vmoOpRange(vmo, 10, offset: bytes.start, size: bytes.count)
            },
            { $0.start($1, units.zeroPieces) }
        )
    }

    /// A size that ends inside a page.
    private func startSetSize() throws {
        guard mayStart(.exclusive, 0..<UInt64.max) else { return }
        let units = pick(88)
        let (table, vmo) = (table, vmo)
        let end = units.coveringPages * UInt64(PagerOracle.unitsPerPage)
        try start(
            "set size \(units) units",
            .exclusive,
            0..<UInt64.max,
            { _ throws(Status) in try table.vmoSetSize(vmo, units * PagerOracle.unitBytes) },
            { state, id in
                let outcome = state.resize(units.coveringPages, streamSize: units)
                let isChanged = outcome == .success
                state.start(
                    id,
                    isChanged ? (units..<end).zeroPieces : [],
                    ignoresFailure: isChanged
                )
                if !isChanged { state.calls[id]?.failure = .badState }
            }
        )
    }

    private func startSetStreamSize() throws {
        guard mayStart(.exclusive, 0..<UInt64.max) else { return }
        let perPage = UInt64(PagerOracle.unitsPerPage)
        // Small, so that much becomes untracked, or any size, sometimes one too large.
        let units = pick(pick(2) == 0 ? 2 * perPage : oracle.size * perPage + 3)
        let (table, vmo) = (table, vmo)
        try start(
            "set stream size \(units) units",
            .exclusive,
            0..<UInt64.max,
            { _ throws(Status) in try table.vmoSetStreamSize(vmo, units * PagerOracle.unitBytes) },
            { state, id in
                let last = units.coveringPages
                let size = state.size
                if units == state.streamSize {
                    state.start(id, [])
                } else if units > size * perPage {
                    state.start(id, [])
                    state.calls[id]?.failure = .outOfRange
                } else {
                    let zeros = min(units, state.streamSize)..<max(last * perPage, units)
                    let content = min(zeros.lowerBound, last * perPage)..<(last * perPage)
                    state.start(
                        id,
                        content.zeroPieces + pieces(.setStreamSize(units), last..<last)
                    )
                }
            }
        )
    }
}

extension UInt64 {
    /// The pages that as many units take.
    fileprivate var coveringPages: UInt64 {
        let perPage = UInt64(PagerOracle.unitsPerPage)
        return (self + perPage - 1) / perPage
    }
}

extension Range<UInt64> {
    /// Units in bytes.
    fileprivate var bytes: ByteRange {
        ByteRange(lowerBound * PagerOracle.unitBytes, upperBound * PagerOracle.unitBytes)
    }

    /// The pages that hold the units.
    fileprivate var pages: Range<UInt64> {
        let first = lowerBound / UInt64(PagerOracle.unitsPerPage)
        return first..<Swift.max(first, upperBound.coveringPages)
    }

    /// 3.8: first the partial head page, then the partial tail page, then the whole pages.
    fileprivate var zeroPieces: [PagerOracle.Piece] {
        typealias Piece = PagerOracle.Piece
        guard !isEmpty else { return [] }
        let perPage = UInt64(PagerOracle.unitsPerPage)
        let start = lowerBound.coveringPages
        let whole = start..<Swift.max(start, upperBound / perPage)
        let (first, last) = (lowerBound / perPage, (upperBound - 1) / perPage)
        let (head, tail) = (Int(lowerBound % perPage), Int(upperBound % perPage))
        func part(_ page: UInt64, _ units: Range<Int>) -> Piece {
            Piece(work: .zeroPart(units), next: page, end: page + 1)
        }
        if first == last, whole.isEmpty {
            return [part(first, head..<(tail == 0 ? Int(perPage) : tail))]
        }
        var pieces: [Piece] = []
        if head > 0 { pieces.append(part(first, head..<Int(perPage))) }
        if tail > 0 { pieces.append(part(last, 0..<tail)) }
        pieces.append(Piece(work: .zeroWhole, next: whole.lowerBound, end: whole.upperBound))
        return pieces
    }
}
