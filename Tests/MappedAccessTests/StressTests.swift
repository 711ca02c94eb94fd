// Threads store through mappings while a pager serves their requests, writes back, evicts and
// fails, and while mappings come and go.
//
// Each thread owns one word of every page and stores growing numbers into it, so it knows what it
// must find there at any time: a store that a writeback missed is lost at the next eviction, and
// seen. In the end the pager's store holds the last number of every word.

import CFaultProbe
import Glibc
import Support
import Synchronization
import TestSupport
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: stress", .enabled(if: MappingSupport.isAvailable))
struct StressTests {
    private static let pages: UInt64 = 24
    private static let writers = 4
    private static let rounds = 3000

    /// A store behind the pager, and everything that runs.
    private final class Run: Sendable {
        let fixture: MappingFixture
        let vmo: Handle
        let paged: VirtualMemoryObject
        let seed: UInt64
        let backing = Guarded<[[UInt8]]>(
            Array(repeating: Array(repeating: 0, count: Int(pageSize)), count: Int(pages)),
            rank: .leaf
        )
        let writersLeft = Atomic<Int>(writers)
        /// Whether nobody makes accesses any more.
        let isQuiet = Atomic<Bool>(false)
        let complaints = Guarded<[String]>([], rank: .leaf)

        init(seed: UInt64, traps: Bool) throws {
            self.seed = seed
            fixture = try MappingFixture()
            vmo = try fixture.createVMO(pages: pages, trap: traps)
            paged = try fixture.table.object(vmo, VMODispatcher.self, rights: []).paged
        }

        var isOver: Bool { writersLeft.load(ordering: .acquiring) == 0 }

        func complain(_ what: String) {
            complaints.withLock { $0.append(what) }
        }

        /// Answers requests until nobody makes any.
        func servePager() {
            var numbers = SeededGenerator(seed: seed ^ 1)
            let (table, pager) = (fixture.table, fixture.pager)
            while !isQuiet.load(ordering: .acquiring) {
                let deadline = Int64(MonotonicClock().now + 10_000_000)
                guard let packet = try? table.portWait(fixture.port, deadline: deadline),
                    let request = packet.pageRequest
                else { continue }
                let page = request.offset / pageSize
                if Int.random(in: 0..<20, using: &numbers) == 0 {
                    try? fixture.fail(vmo, page, 1, .io)
                    continue
                }
                if request.command == .dirty {
                    try? fixture.operate(.dirty, vmo, page, request.length / pageSize)
                    continue
                }
                guard let aux = try? table.vmoCreate(size: pageSize, options: 0) else { continue }
                for page in page..<(page + request.length / pageSize) {
                    let bytes = backing.withLock { $0[Int(page)] }
                    try? table.vmoWrite(aux, offset: 0, bytes: bytes)
                    try? table.pagerSupplyPages(
                        pager,
                        vmo,
                        offset: page * pageSize,
                        length: pageSize,
                        auxVMO: aux,
                        auxOffset: 0
                    )
                }
                try? table.close(aux)
            }
        }

        /// Writes every dirty range back.
        func writeBack() {
            guard let ranges = try? fixture.dirtyRanges(vmo) else { return }
            for range in ranges {
                let (first, count) = (range[0], range[1])
                try? fixture.operate(.writebackBegin, vmo, first, count)
                for page in first..<(first + count) {
                    guard
                        let bytes = try? fixture.table.vmoRead(
                            vmo,
                            offset: page * pageSize,
                            length: pageSize
                        )
                    else {
                        complain("a dirty page cannot be read")
                        continue
                    }
                    backing.withLock { $0[Int(page)] = bytes }
                }
                try? fixture.operate(.writebackEnd, vmo, first, count)
            }
        }

        /// Writes back and evicts until all writers are done.
        func serveWriteback() {
            var numbers = SeededGenerator(seed: seed ^ 2)
            while !isOver {
                writeBack()
                _ = paged.evictClean(Int.random(in: 0..<Int(StressTests.pages), using: &numbers))
            }
        }

        /// Makes mappings of its own, looks into them and takes them away.
        func serveMappings() {
            var numbers = SeededGenerator(seed: seed ^ 3)
            while !isOver {
                let first = UInt64.random(in: 0..<StressTests.pages, using: &numbers)
                let count = UInt64.random(in: 1...(StressTests.pages - first), using: &numbers)
                let options: MappingOptions =
                    Bool.random(using: &numbers) ? [.read, .write, .mapRange] : [.read, .write]
                guard let base = try? fixture.map(vmo, page: first, pages: count, options) else {
                    complain("no mapping")
                    continue
                }
                let page = UInt64.random(in: 0..<count, using: &numbers)
                var value: UInt64 = 0
                // A word of nobody.
                let place = address(base, page: page) + UInt(pageSize) - 8
                _ = unsafe fault_probe_load(place, &value)
                if value != 0 { complain("page \(first + page) has \(value) where nobody stores") }
                if Bool.random(using: &numbers) { _ = fault_probe_store(place, 0) }
                try? fixture.table.vmarUnmap(
                    fixture.vmar,
                    address: base,
                    length: count * pageSize
                )
            }
            isQuiet.store(true, ordering: .releasing)
        }

        /// Stores and looks at its own word of random pages; returns what they hold in the end.
        func write(_ number: Int, at base: UInt) -> [UInt64] {
            var numbers = SeededGenerator(seed: seed ^ UInt64(100 + number))
            var expected = [UInt64](repeating: 0, count: Int(StressTests.pages))
            for round in 1...UInt64(StressTests.rounds) {
                let page = UInt64.random(in: 0..<StressTests.pages, using: &numbers)
                let place = address(base, page: page) + UInt(number * 8)
                if Bool.random(using: &numbers) {
                    while fault_probe_store(place, round).outcome != 0 {}
                    expected[Int(page)] = round
                }
                var value: UInt64 = 0
                // SAFETY: the value lives for the call.
                while unsafe fault_probe_load(place, &value).outcome != 0 {}
                if value != expected[Int(page)] {
                    complain("writer \(number), page \(page): \(value), not \(expected[Int(page)])")
                }
            }
            writersLeft.subtract(1, ordering: .releasing)
            return expected
        }
    }

    @Test(
        "no store is lost, whatever the pager does meanwhile",
        arguments: [1, 2, 3, 4] as [UInt64],
        [true, false]
    )
    func stores(seed: UInt64, traps: Bool) throws {
        let seed = seed &* 7919 &+ UInt64(traps ? 1 : 0)
        let run = try Run(seed: seed, traps: traps)
        let base = try run.fixture.map(run.vmo, pages: Self.pages)
        let results = Guarded<[Int: [UInt64]]>([:], rank: .leaf)
        var threads = (0..<Self.writers).map { number in
            WorkerThread("writer") {
                let expected = run.write(number, at: base)
                results.withLock { $0[number] = expected }
            }
        }
        threads.append(WorkerThread("pager") { run.servePager() })
        threads.append(WorkerThread("writeback") { run.serveWriteback() })
        threads.append(WorkerThread("mappings") { run.serveMappings() })
        for thread in threads { thread.join() }
        run.writeBack()
        #expect(run.complaints.withLock { $0.prefix(10) } == [], "seed \(seed)")
        #expect(run.paged.checkInvariants() == [], "seed \(seed)")
        #expect(try run.fixture.dirtyRanges(run.vmo) == [], "seed \(seed)")
        let backing = run.backing.withLock { $0 }
        for (number, expected) in results.withLock({ $0 }) {
            let found = backing.map { bytes in
                bytes[number * 8..<(number * 8 + 8)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
            }
            #expect(found == expected, "writer \(number), seed \(seed)")
        }
    }
}
