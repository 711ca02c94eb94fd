import Support
import Testing

@testable import VMCore

// The events, chosen at random.
extension PagerModelRun {
    /// Does one random thing.
    func doStep() throws {
        switch pick(33) {
        case 0...9: try startCall()
        case 10...13: try supply()
        case 14: try opDirty()
        case 15: try failRequests()
        case 16...18: try begin()
        case 19...21: try end()
        case 22: try resize(pick(12))
        case 23: try unpin()
        case 24: try evict()
        case 25: try interrupt()
        case 26: try takeModified()
        case 27...28: try readPackets(1 + Int(pick(8)))
        case 29...30: try mix()
        default: if pick(30) == 0 { try detach() } else { try answerFirstPacket() }
        }
    }

    /// Pages in the VMO, sometimes past its end.
    private func pickPages(mayEndBeyond: Bool = false) -> Range<UInt64> {
        let size = oracle.size
        let start = pick(size + 1)
        let limit = mayEndBeyond && pick(10) == 0 ? size + 2 : size
        return start..<min(limit, start + pick(6))
    }

    private func operate(
        _ operation: PagerOperation,
        _ pages: Range<UInt64>,
        data: UInt64 = 0,
        _ change: (inout PagerOracle) -> PagerOracle.Outcome
    ) throws {
        try apply(
            "\(operation) \(pages), data \(data)",
            { () throws(Status) in
                try table.pagerOpRange(
                    pager,
                    operation.rawValue,
                    vmo,
                    offset: pages.lowerBound * pageSize,
                    length: UInt64(pages.count) * pageSize,
                    data: data
                )
            },
            change
        )
    }

    /// Fails whoever waits, and starts anew with pages that differ from their neighbours.
    private func mix() throws {
        guard !oracle.isDetached else { return }
        let all = 0..<oracle.size
        let data = UInt64(bitPattern: Int64(Status.io.rawValue))
        try operate(.fail, all, data: data) { $0.fail(all, .io) }
        while !pins.isEmpty { try unpin() }
        let pages = 0..<(6 + pick(5))
        try resize(0)
        try resize(pages.upperBound)
        try operate(.writebackBegin, pages) { $0.beginWriteback(pages, isZero: false) }
        try operate(.writebackEnd, pages) { $0.endWriteback(pages) }
        for page in pages {
            let one = page..<(page + 1)
            switch pick(5) {
            case 0: try startZero(one)
            case 1...3:
                try supply(one)
                if pick(4) == 0 { try startWrite(one) }
            default: break
            }
        }
    }

    private func supply() throws {
        try supply(pickPages(mayEndBeyond: true))
    }

    /// Supplies data and zeros in turns.
    private func supply(_ pages: Range<UInt64>) throws {
        let contents = pages.map { page -> [UInt8]? in
            if pick(3) == 0 { return nil }
            suppliedStamp = suppliedStamp == 0xFF ? 0x80 : suppliedStamp + 1
            return [UInt8](repeating: suppliedStamp, count: PagerOracle.unitsPerPage)
        }
        for (page, units) in zip(pages, contents) { allow(page, units ?? PagerOracle.zeros) }
        let aux = try table.vmoCreate(size: UInt64(pages.count) * pageSize, options: 0)
        defer { try? table.close(aux) }
        for (index, units) in contents.enumerated() {
            guard let stamp = units?[0] else { continue }
            let bytes = [UInt8](repeating: stamp, count: Int(pageSize))
            try table.vmoWrite(aux, offset: UInt64(index) * pageSize, bytes: bytes)
        }
        try apply(
            "supply \(pages): \(contents.map { $0?[0] })",
            { () throws(Status) in
                try table.pagerSupplyPages(
                    pager,
                    vmo,
                    offset: pages.lowerBound * pageSize,
                    length: UInt64(pages.count) * pageSize,
                    auxVMO: aux,
                    auxOffset: 0
                )
            },
            { $0.supply(pages, contents) }
        )
    }

    private func opDirty() throws {
        let pages = pickPages(mayEndBeyond: true)
        try operate(.dirty, pages) { $0.opDirty(pages) }
    }

    private func failRequests() throws {
        let pages = pickPages(mayEndBeyond: true)
        let status: Status = pick(2) == 0 ? .io : .noSpace
        let data = UInt64(bitPattern: Int64(status.rawValue))
        try operate(.fail, pages, data: data) { $0.fail(pages, status) }
    }

    private func begin() throws {
        let pages = pickDirtyPages()
        let isZero = pick(2) == 0
        try operate(.writebackBegin, pages, data: isZero ? 1 : 0) { state in
            state.beginWriteback(pages, isZero: isZero)
        }
    }

    private func end() throws {
        let pages = pickDirtyPages()
        try operate(.writebackEnd, pages) { $0.endWriteback(pages) }
    }

    /// A dirty range, all pages, or any.
    private func pickDirtyPages() -> Range<UInt64> {
        let ranges = oracle.dirtyRanges
        switch pick(4) {
        case 0: return 0..<oracle.size
        case 1...2 where !ranges.isEmpty:
            let range = ranges[Int(pick(UInt64(ranges.count)))]
            return (range.offset / pageSize)..<((range.offset + range.length) / pageSize)
        default: return pickPages(mayEndBeyond: true)
        }
    }

    private func resize(_ size: UInt64) throws {
        try apply(
            "resize \(size)",
            { () throws(Status) in try table.vmoSetSize(vmo, size * pageSize) },
            { $0.resize(size, streamSize: size * UInt64(PagerOracle.unitsPerPage)) }
        )
    }

    func unpin() throws {
        guard let id = pins.keys.sorted().first, let pin = pins.removeValue(forKey: id) else {
            return
        }
        try apply("unpin \(pin.pages)", { () throws(Status) in try table.pmtUnpin(pin.handle) }) {
            $0.unpin(pin.pages)
            return .success
        }
    }

    private func evict() throws {
        try apply("evict", { _ = object.evictClean(.max) }) {
            $0.evict()
            return .success
        }
    }

    private func interrupt() throws {
        guard let id = calls.keys.sorted().first, let thread = calls[id]?.thread.identity else {
            return
        }
        try apply("interrupt \(id)", { object.interruptWait(of: thread) }) {
            $0.interrupt(id)
            return .success
        }
    }

    private func takeModified() throws {
        let options: UInt32 = UInt32(pick(2))
        let isModified = oracle.isModified
        try apply(
            "query stats, options \(options)",
            { () throws(Status) in
                let modified = try table.pagerQueryVMOStats(
                    pager,
                    vmo,
                    options: options,
                    bufferSize: 4
                )
                if (modified == 1) != isModified { throw .ioDataIntegrity }
            },
            { state in
                if options == 1 { state.isModified = false }
                return .success
            }
        )
    }

    func detach() throws {
        try apply("detach", { () throws(Status) in try table.pagerDetachVMO(pager, vmo) }) {
            $0.detach()
            return .success
        }
    }

    // MARK: Packets

    /// Reads up to `count` packets; returns them.
    @discardableResult
    func readPackets(_ count: Int) throws -> [PagerOracle.Packet] {
        var taken: [PagerOracle.Packet] = []
        while taken.count < count, let packet = try? table.portWait(port, deadline: 0) {
            #expect(packet.key == Self.key)
            let request = try #require(packet.pageRequest)
            taken.append(
                PagerOracle.Packet(
                    command: request.command,
                    start: request.offset / pageSize,
                    end: (request.offset + request.length) / pageSize
                )
            )
        }
        let packets = taken
        try apply("read packets: \(packets)", {}) { state in
            let expected = state.readPackets(count)
            return expected == packets ? .success : .failure(.ioDataIntegrity)
        }
        return packets
    }

    /// Reads a packet and does what it asks for, or a little more.
    private func answerFirstPacket() throws {
        guard let packet = try readPackets(1).first else { return }
        let end = min(oracle.size, packet.end + pick(2))
        guard packet.start < end else { return }
        let pages = packet.start..<end
        switch packet.command {
        case .read: try supply(pages)
        case .dirty: try operate(.dirty, pages) { $0.opDirty(pages) }
        case .complete: break
        }
    }
}
