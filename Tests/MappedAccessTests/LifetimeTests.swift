// How long things live: VMOs that only a mapping holds, mappings that go while a thread waits in
// them, the address region, and the frames of all of them.

import Glibc
import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: lifetimes", .enabled(if: MappingSupport.isAvailable))
struct LifetimeTests {
    let fixture: MappingFixture

    init() throws {
        fixture = try MappingFixture()
    }

    private func unmap(_ address: UInt, pages: UInt64) throws {
        try fixture.table.vmarUnmap(fixture.vmar, address: address, length: pages * pageSize)
    }

    @Test("a mapping keeps its VMO alive, and its end is the VMO's")
    func mappingKeepsVMO() throws {
        let vmo = try fixture.createVMO(pages: 2)
        let base = try fixture.map(vmo, pages: 2)
        let second = try fixture.map(vmo, pages: 1)
        try fixture.table.close(vmo)
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        // No handle is left to answer with: the pager's end fails the load.
        try unmap(second, pages: 1)
        fixture.expectNoRequest()
        #expect(!reading.isOver)
        try fixture.table.close(fixture.pager)
        #expect(reading.end() == .failed(.badState))
        try unmap(base, pages: 2)
    }

    @Test("COMPLETE comes when the last mapping of a closed VMO goes")
    func completeAfterUnmap() throws {
        let vmo = try fixture.createVMO(pages: 2)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 2)
        #expect(load(base) == .done(MappingFixture.word(0)))
        try fixture.table.close(vmo)
        #expect(load(base) == .done(MappingFixture.word(0)))
        fixture.expectNoRequest()
        try unmap(base, pages: 1)
        fixture.expectNoRequest()
        try unmap(base, pages: 2)
        #expect(try fixture.nextRequest().command == .complete)
    }

    @Test("a thread that waits in a mapping that goes gets SIGSEGV, and its request is withdrawn")
    func unmapUnderWaiter() throws {
        let vmo = try fixture.createVMO(pages: 4)
        try fixture.supply(vmo, 3, 1)
        let base = try fixture.map(vmo, pages: 4)
        let accesses = [
            Access.load(base), Access.load(base + 8), Access.store(1, at: address(base, page: 1)),
        ]
        var seen: Set<UInt64> = []
        while seen.count < 2 { seen.insert(try fixture.nextRequest().first) }
        let writing = Access.store(1, at: address(base, page: 3))
        try fixture.expect(.dirty, 3)
        try unmap(base, pages: 2)
        for access in accesses { #expect(access.end() == .signal(11)) }
        #expect(!writing.isOver)
        try unmap(base, pages: 4)
        #expect(writing.end() == .signal(11))
        // The last hold on the VMO is its handle: nobody waits for it any more.
        try fixture.table.close(vmo)
        #expect(try fixture.nextRequest().command == .complete)
    }

    @Test("a waiting load of a clone ends with its mapping too")
    func unmapCloneUnderWaiter() throws {
        let vmo = try fixture.createVMO(pages: 1)
        let clone = try fixture.table.vmoCreateChild(
            vmo,
            options: VMOChildOptions.snapshotAtLeastOnWrite.rawValue,
            offset: 0,
            size: pageSize
        )
        let base = try fixture.map(clone, pages: 1)
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        try unmap(base, pages: 1)
        #expect(reading.end() == .signal(11))
        try fixture.table.close(clone)
        try fixture.table.close(vmo)
        #expect(try fixture.nextRequest().command == .complete)
    }

    @Test("what replaces a mapping answers a thread that waits in it")
    func overwriteUnderWaiter() throws {
        let vmo = try fixture.createVMO(pages: 1)
        let other = try fixture.table.vmoCreate(size: pageSize, options: 0)
        try fixture.table.vmoWrite(other, offset: 0, bytes: [42])
        let base = try fixture.map(vmo, pages: 1)
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        // The replacement is not one step: a load in between is SIGSEGV, as after an unmap.
        _ = try fixture.table.vmarMap(
            fixture.vmar,
            options: MappingOptions([.read, .specificOverwrite]).rawValue,
            vmarOffset: UInt64(base - fixture.region.base),
            other,
            vmoOffset: 0,
            length: pageSize
        )
        let outcome = reading.end()
        #expect(outcome == .done(42) || outcome == .signal(11))
        #expect(load(base) == .done(42))
        try fixture.table.close(vmo)
        #expect(try fixture.nextRequest().command == .complete)
    }

    @Test("frames and blocks come back when VMO and mapping are gone")
    func framesComeBack() throws {
        let free = fixture.arena.freeCount
        for _ in 0..<3 {
            let vmo = try fixture.createVMO(pages: 1024, trap: false)
            try fixture.supply(vmo, 0, 8)
            let base = try fixture.map(vmo, page: 1, pages: 1000)
            #expect(fixture.arena.freeCount < free)
            #expect(store(1, at: base) == .done(1))
            #expect(load(address(base, page: 6)) == .done(MappingFixture.word(7)))
            try unmap(base, pages: 1000)
            #expect(try fixture.readWord(vmo, 1) == 1)
            try fixture.table.close(vmo)
            #expect(try fixture.nextRequest().command == .complete)
            #expect(fixture.arena.freeCount == free)
        }
        let memory = try fixture.table.vmoCreate(size: 4 * pageSize, options: 0)
        let base = try fixture.map(memory, pages: 4)
        #expect(store(1, at: base) == .done(1))
        try fixture.table.close(memory)
        try unmap(base, pages: 4)
        // Who answered the store may hold the VMO for a moment more.
        let deadline = MonotonicClock().now + Access.patience
        while fixture.arena.freeCount != free, MonotonicClock().now < deadline { sched_yield() }
        #expect(fixture.arena.freeCount == free)
    }

    @Test("the end of a region takes its mappings and threads with it")
    func endOfRegion() throws {
        let table = fixture.table
        let vmo = try fixture.createVMO(pages: 2)
        try fixture.supply(vmo, 1, 1)
        var region: RootVMAR? = try RootVMAR(arena: fixture.arena)
        let handle = table.insert(try #require(region), rights: .rootVMARDefault)
        let base = try table.vmarMap(
            handle,
            options: MappingOptions.read.rawValue,
            vmarOffset: 0,
            vmo,
            vmoOffset: 0,
            length: 2 * pageSize
        )
        #expect(load(address(base, page: 1)) == .done(MappingFixture.word(1)))
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        weak let service = region?.space.state.withLock { $0.service }
        try table.close(handle)
        #expect(!reading.isOver)
        region = nil
        #expect(reading.end() == .signal(11))
        while service != nil { sched_yield() }
        try table.close(vmo)
        #expect(try fixture.nextRequest().command == .complete)
    }
}
