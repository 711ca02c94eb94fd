import Support
import Testing

@testable import VMCore

/// A pager with its port, as a program has it: answers requests only when the test says so.
///
/// What it supplies for a page holds, in word number `i` counted over the whole VMO, `key + i`.
final class UserPager: Sendable {
    /// What an expectation waits for at most: far more than any machine needs.
    static let patienceNanoseconds: Int64 = 30_000_000_000

    let table: HandleTable
    let arena: FrameArena
    let pager: Handle
    let port: Handle
    private let unmatched = Guarded<[PortPacket]>([], rank: .leaf)
    private let lastKey = Counter(0x77)

    init(frames: Int = 4096) throws {
        arena = try FrameArena(frameCount: frames)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        port = try table.portCreate(options: 0)
    }

    /// Makes a resizable VMO of `pages` pages.
    func makeVMO(
        pages: UInt64,
        trapDirty: Bool = true,
        options: VMOOptions = .resizable
    ) throws(Status) -> TestVMO {
        let key = UInt64(lastKey.add(1))
        let all = trapDirty ? options.union(.trapDirty) : options
        let handle = try table.pagerCreateVMO(
            pager,
            options: all.rawValue,
            port: port,
            key: key,
            size: pages * pageSize
        )
        return TestVMO(table: table, handle: handle, key: key)
    }

    /// The content that this pager supplies.
    static func pattern(key: UInt64, _ page: UInt64, _ count: UInt64) -> [UInt8] {
        let first = page * pageSize / 8
        return (first..<(first + count * pageSize / 8)).flatMap { word in
            unsafe withUnsafeBytes(of: (key &+ word).littleEndian) { unsafe Array($0) }
        }
    }

    // MARK: Answers

    /// Supplies the pattern.
    func supply(_ vmo: TestVMO, _ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try supply(vmo, page, UserPager.pattern(key: vmo.key, page, count))
    }

    /// Supplies pages with these bytes.
    func supply(_ vmo: TestVMO, _ page: UInt64, _ bytes: [UInt8]) throws(Status) {
        let aux = try table.vmoCreate(size: UInt64(bytes.count), options: 0)
        defer { try? table.close(aux) }
        try table.vmoWrite(aux, offset: 0, bytes: bytes)
        try supply(vmo, page, UInt64(bytes.count) / pageSize, from: aux)
    }

    /// Supplies zeros: pages of an auxiliary VMO that were never written.
    func supplyZeros(_ vmo: TestVMO, _ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        let aux = try table.vmoCreate(size: count * pageSize, options: 0)
        defer { try? table.close(aux) }
        try supply(vmo, page, count, from: aux)
    }

    private func supply(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64,
        from aux: Handle
    ) throws(Status) {
        try table.pagerSupplyPages(
            pager,
            vmo.handle,
            offset: page * pageSize,
            length: count * pageSize,
            auxVMO: aux,
            auxOffset: 0
        )
    }

    private func operate(
        _ operation: PagerOperation,
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64,
        data: UInt64 = 0
    ) throws(Status) {
        try table.pagerOpRange(
            pager,
            operation.rawValue,
            vmo.handle,
            offset: page * pageSize,
            length: count * pageSize,
            data: data
        )
    }

    func dirty(_ vmo: TestVMO, _ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try operate(.dirty, vmo, page, count)
    }

    func fail(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        with status: Status = .io
    ) throws(Status) {
        let data = UInt64(bitPattern: Int64(status.rawValue))
        try operate(.fail, vmo, page, count, data: data)
    }

    func begin(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        isZero: Bool = false
    ) throws(Status) {
        try operate(.writebackBegin, vmo, page, count, data: isZero ? 1 : 0)
    }

    func end(_ vmo: TestVMO, _ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try operate(.writebackEnd, vmo, page, count)
    }

    func detach(_ vmo: TestVMO) throws(Status) {
        try table.pagerDetachVMO(pager, vmo.handle)
    }

    // MARK: Expectations

    /// Waits for exactly this request; others are kept for later.
    func expect(
        _ command: PageRequestCommand,
        _ vmo: TestVMO,
        _ page: UInt64 = 0,
        _ count: UInt64 = 0,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        let wanted = PortPacket.pageRequest(
            key: vmo.key,
            command: command,
            offset: page * pageSize,
            length: count * pageSize
        )
        let deadline = Int64(MonotonicClock().now) + Self.patienceNanoseconds
        while !takeUnmatched(wanted) {
            guard let packet = try? table.portWait(port, deadline: deadline) else {
                let others = unmatched.withLock { $0 }
                Issue.record("no \(wanted), but \(others)", sourceLocation: sourceLocation)
                return
            }
            unmatched.withLock { $0.append(packet) }
        }
    }

    func expectRead(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(.read, vmo, page, count, sourceLocation: sourceLocation)
    }

    func expectDirty(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        expect(.dirty, vmo, page, count, sourceLocation: sourceLocation)
    }

    /// Checks that no packet is left.
    func expectNoRequests(sourceLocation: SourceLocation = #_sourceLocation) {
        while let packet = try? table.portWait(port, deadline: 0) {
            unmatched.withLock { $0.append(packet) }
        }
        let left = unmatched.withLock { $0 }
        #expect(left.isEmpty, sourceLocation: sourceLocation)
    }

    private func takeUnmatched(_ wanted: PortPacket) -> Bool {
        unmatched.withLock { packets in
            guard let index = packets.firstIndex(of: wanted) else { return false }
            packets.remove(at: index)
            return true
        }
    }

    /// Checks the dirty ranges of the whole VMO by three kinds of query: a count without a buffer,
    /// two ranges at a time, and all at once.
    func expectDirtyRanges(
        _ vmo: TestVMO,
        _ ranges: [DirtyRange],
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let size = try table.vmoGetSize(vmo.handle)
        let counted = try query(vmo, ByteRange(0, size), capacity: 0)
        #expect(counted.avail == ranges.count, sourceLocation: sourceLocation)
        let all = try query(vmo, ByteRange(0, size), capacity: ranges.count + 1)
        #expect(all.ranges == ranges, sourceLocation: sourceLocation)
        var found: [DirtyRange] = []
        var start: UInt64 = 0
        while true {
            let part = try query(vmo, ByteRange(start, size), capacity: 2)
            found += part.ranges
            guard let last = part.ranges.last, part.ranges.count < part.avail else { break }
            #expect(part.ranges.count == 2, sourceLocation: sourceLocation)
            start = last.offset + last.length
        }
        #expect(found == ranges, sourceLocation: sourceLocation)
    }

    private func query(
        _ vmo: TestVMO,
        _ window: ByteRange,
        capacity: Int
    ) throws -> (ranges: [DirtyRange], avail: Int) {
        let query = try table.pagerQueryDirtyRanges(
            pager,
            vmo.handle,
            offset: window.start,
            length: window.count,
            capacity: capacity,
            countingAvailable: true
        )
        return (query.ranges, query.avail ?? -1)
    }

    /// Whether the VMO was modified; forgets it.
    func takeModified(_ vmo: TestVMO) throws(Status) -> Bool {
        try table.pagerQueryVMOStats(pager, vmo.handle, options: 1, bufferSize: 4) == 1
    }
}

extension DirtyRange {
    /// A range of data, in pages.
    static func data(_ page: UInt64, _ count: UInt64 = 1) -> DirtyRange {
        DirtyRange(offset: page * pageSize, length: count * pageSize)
    }

    /// A range of zeros, in pages.
    static func zero(_ page: UInt64, _ count: UInt64 = 1) -> DirtyRange {
        DirtyRange(offset: page * pageSize, length: count * pageSize, options: isZero)
    }
}
