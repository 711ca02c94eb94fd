import Glibc
import Support

@testable import VMCore

/// A VMO whose pager is at a port, the store behind it, and what the threads of the test share.
final class PortStress: Sendable {
    static let regionPages: UInt64 = 64
    static let writerCount: UInt64 = 3
    static let tailPages: UInt64 = 48

    let arena: FrameArena
    let table: HandleTable
    let pager: Handle
    let port: Handle
    let vmo: Handle
    let object: VirtualMemoryObject
    /// Threads whose work has to be done before the detach.
    let workersLeft = Counter(0)
    /// Threads that go on until after the detach.
    let writersLeft = Counter(0)
    /// 1 once the pager is gone.
    let isDetached = Counter(0)
    private let stamps: Guarded<[UInt64]>
    private let faults = Guarded<[String]>([], rank: .leaf)
    private let gate = Guarded(Gate(), rank: .leaf)
    private let isComplete = Counter(0)

    /// Keeps reading the store for a supply, and writing back, apart: what is read must not grow
    /// old before it is supplied.
    private struct Gate {
        var pageInCount = 0
        var isWritingBack = false
    }

    var fixedPages: UInt64 { Self.regionPages * Self.writerCount }

    init(traps: Bool) throws {
        arena = try FrameArena(frameCount: 2048)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        port = try table.portCreate(options: 0)
        let pages = Self.regionPages * Self.writerCount + Self.tailPages
        vmo = try table.pagerCreateVMO(
            pager,
            options: (traps ? VMOOptions([.resizable, .trapDirty]) : .resizable).rawValue,
            port: port,
            key: 1,
            size: pages * pageSize
        )
        let dispatcher = try table.object(vmo, VMODispatcher.self, rights: [])
        guard case .paged(let object) = dispatcher.content else { throw Status.wrongType }
        self.object = object
        stamps = Guarded([UInt64](repeating: 0, count: Int(pages)), rank: .leaf)
    }

    func fail(_ fault: String) {
        faults.withLock { $0.append(fault) }
    }

    var allFaults: [String] { faults.withLock { $0 } }

    /// What the store has for a page.
    func stored(_ page: UInt64) -> UInt64 { stamps.withLock { $0[Int(page)] } }

    // MARK: The program's side

    /// Writes pages full of `stamp`; again when the pager has refused.
    func write(_ pages: Range<UInt64>, stamp: UInt64) throws(Status) {
        try retrying { () throws(Status) in try fill(vmo, pages, with: stamp) }
    }

    private func fill(
        _ vmo: Handle,
        _ pages: Range<UInt64>,
        with stamp: UInt64
    ) throws(Status) {
        try unsafe table.vmoWrite(
            vmo,
            offset: pages.lowerBound * pageSize,
            length: UInt64(pages.count) * pageSize
        ) { buffer in
            // SAFETY: the pieces of a write of whole pages are whole pages, aligned as such.
            unsafe buffer.bindMemory(to: UInt64.self).initialize(repeating: stamp)
            return buffer.count
        }
    }

    /// Zeroes pages; again when the pager has refused one that is pinned.
    func zero(_ pages: Range<UInt64>) throws(Status) {
        try retrying { () throws(Status) in
            try table.vmoOpRange(
                vmo,
                10,
                offset: pages.lowerBound * pageSize,
                size: UInt64(pages.count) * pageSize
            )
        }
    }

    /// The numbers of pages; nil for a torn one.
    func read(_ pages: Range<UInt64>) throws(Status) -> [UInt64?] {
        var bytes: [UInt8] = []
        try retrying { () throws(Status) in
            bytes = try table.vmoRead(
                vmo,
                offset: pages.lowerBound * pageSize,
                length: UInt64(pages.count) * pageSize
            )
        }
        return Self.stamps(of: bytes)
    }

    /// Repeats a call until the pager does not refuse it.
    func retrying(_ call: () throws(Status) -> Void) throws(Status) {
        while true {
            do throws(Status) {
                return try call()
            } catch {
                guard error == .noSpace || error == .io else { throw error }
            }
        }
    }

    private static func stamps(of bytes: [UInt8]) -> [UInt64?] {
        let length = Int(pageSize)
        return unsafe bytes.withUnsafeBytes { buffer in
            stride(from: 0, to: buffer.count, by: length).map { start in
                guard let page = unsafe buffer.baseAddress?.advanced(by: start) else { return nil }
                // SAFETY: the page lies in the buffer, and so does the page but for its first word.
                let isUniform = unsafe memcmp(page, page + 8, length - 8) == 0
                return isUniform ? unsafe page.loadUnaligned(as: UInt64.self) : nil
            }
        }
    }

    // MARK: The pager's side

    /// Answers packets until the last one; refuses some.
    func runPager(seed: UInt64) {
        var random = SplitMix(state: seed)
        while isComplete.value == 0 {
            let deadline = Int64(MonotonicClock().now) + 10_000_000
            guard let packet = try? table.portWait(port, deadline: deadline) else { continue }
            guard let request = packet.pageRequest else {
                fail("a packet that is no request: \(packet)")
                continue
            }
            if request.command == .complete {
                isComplete.set(1)
                continue
            }
            do throws(Status) {
                if UInt64.random(in: 0..<16, using: &random) == 0 {
                    let status: Status = request.command == .read ? .io : .noSpace
                    let data = UInt64(bitPattern: Int64(status.rawValue))
                    try operate(.fail, request.offset, request.length, data: data)
                } else if request.command == .read {
                    try supply(request.offset / pageSize, request.length / pageSize)
                } else {
                    try operate(.dirty, request.offset, request.length)
                }
            } catch {
                // The VMO may have shrunk, the page may have gone, the pager may be leaving: who
                // waits looks again.
                guard [.outOfRange, .notFound, .badState].contains(error) else {
                    fail("the pager: \(error)")
                    continue
                }
            }
        }
    }

    private func operate(
        _ operation: PagerOperation,
        _ offset: UInt64,
        _ length: UInt64,
        data: UInt64 = 0
    ) throws(Status) {
        try table.pagerOpRange(
            pager,
            operation.rawValue,
            vmo,
            offset: offset,
            length: length,
            data: data
        )
    }

    /// Supplies pages from the store, zeros as pages that were never written.
    private func supply(_ page: UInt64, _ count: UInt64) throws(Status) {
        _ = gate.wait { gate -> Void? in
            if gate.isWritingBack { return nil }
            gate.pageInCount += 1
            return ()
        }
        defer {
            gate.withLock { $0.pageInCount -= 1 }
            gate.wakeAll()
        }
        let aux = try table.vmoCreate(size: count * pageSize, options: 0)
        defer { try? table.close(aux) }
        for index in 0..<count {
            let stamp = stored(page + index)
            if stamp == 0 { continue }
            try fill(aux, index..<(index + 1), with: stamp)
        }
        try table.pagerSupplyPages(
            pager,
            vmo,
            offset: page * pageSize,
            length: count * pageSize,
            auxVMO: aux,
            auxOffset: 0
        )
    }

    /// Writes back everything that is dirty when it is asked, a few ranges at a time.
    func flush() {
        var offset: UInt64 = 0
        while let ranges = try? object.queryDirtyRanges(
            offset: offset,
            length: max(object.size, offset) - offset,
            capacity: 3,
            countingAvailable: false
        ).ranges, let last = ranges.last {
            for range in ranges {
                do throws(Status) {
                    try writeBack(range)
                } catch {
                    // A shrink may come in between at any point; the next flush sees the rest.
                    if error != .outOfRange { fail("writeback: \(error)") }
                }
            }
            offset = last.offset + last.length
        }
    }

    private func writeBack(_ range: DirtyRange) throws(Status) {
        _ = gate.wait { gate -> Void? in
            if gate.pageInCount > 0 { return nil }
            gate.isWritingBack = true
            return ()
        }
        defer {
            gate.withLock { $0.isWritingBack = false }
            gate.wakeAll()
        }
        let isZero = range.options == DirtyRange.isZero
        try operate(.writebackBegin, range.offset, range.length, data: range.options)
        let count = Int(range.length / pageSize)
        let written =
            isZero
            ? [UInt64?](repeating: 0, count: count)
            : Self.stamps(
                of: try table.vmoRead(vmo, offset: range.offset, length: range.length)
            )
        for (index, stamp) in written.enumerated() {
            guard let stamp else {
                fail("a page under writeback is torn")
                continue
            }
            stamps.withLock { $0[Int(range.offset / pageSize) + index] = stamp }
        }
        try operate(.writebackEnd, range.offset, range.length)
    }
}
