// Writeback, resize, zeroing, eviction and detach under mappings.
//
// Each test changes the state of a page that a mapping shows and makes the next access, which
// must be seen again if the state says so.

import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: writeback", .enabled(if: MappingSupport.isAvailable))
struct WritebackTests {
    let fixture: MappingFixture

    init() throws {
        fixture = try MappingFixture()
    }

    /// Stores with a DIRTY request that is granted.
    private func trappedStore(_ vmo: Handle, _ base: UInt, _ page: UInt64, _ value: UInt64) throws {
        let writing = Access.store(value, at: address(base, page: page))
        try fixture.expect(.dirty, page)
        try fixture.operate(.dirty, vmo, page, 1)
        #expect(writing.end() == .done(value))
    }

    @Test("WritebackWithMapping: BEGIN makes stores trap, END cleans, and the next store traps")
    func writebackWithMapping() throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 1)
        try trappedStore(vmo, base, 0, 1)
        try fixture.operate(.writebackBegin, vmo, 0, 1)
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        // A load does not mind.
        #expect(load(base) == .done(1))
        let failing = Access.store(2, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.fail(vmo, 0, 1, .io)
        #expect(failing.end() == .failed(.io))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        try fixture.operate(.writebackEnd, vmo, 0, 1)
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(load(base) == .done(1))
        try trappedStore(vmo, base, 0, 3)
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
    }

    @Test("DirtyDuringWriteback: a store that waits does not keep the page from being cleaned")
    func dirtyDuringWriteback() throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 1)
        try trappedStore(vmo, base, 0, 1)
        try fixture.operate(.writebackBegin, vmo, 0, 1)
        let writing = Access.store(2, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.operate(.writebackEnd, vmo, 0, 1)
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(!writing.isOver)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(writing.end() == .done(2))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        // Made Dirty between the two, it stays so.
        try fixture.operate(.writebackBegin, vmo, 0, 1)
        try trappedStore(vmo, base, 0, 3)
        try fixture.operate(.writebackEnd, vmo, 0, 1)
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        #expect(store(4, at: base) == .done(4))
        fixture.expectNoRequest()
    }

    @Test(
        "DirtyAfterMapProtect: permission to write does not skip the request",
        arguments: [true, false]
    )
    func dirtyAfterMapProtect(traps: Bool) throws {
        let vmo = try fixture.createVMO(pages: 1, trap: traps)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 1, .read)
        #expect(load(base) == .done(MappingFixture.word(0)))
        func protect(_ options: MappingOptions) throws {
            try fixture.table.vmarProtect(
                fixture.vmar,
                options: options.rawValue,
                address: base,
                length: pageSize
            )
        }
        try protect([.read, .write])
        #expect(try fixture.dirtyRanges(vmo) == [])
        if traps {
            try trappedStore(vmo, base, 0, 1)
        } else {
            #expect(store(1, at: base) == .done(1))
        }
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        #expect(try fixture.takeModified(vmo))
        // Taken and given again, it is seen again.
        try protect(.read)
        #expect(store(2, at: base) == .signal(11))
        try protect([.read, .write])
        #expect(try !fixture.takeModified(vmo))
        #expect(store(3, at: base) == .done(3))
        #expect(try fixture.takeModified(vmo))
        // Given though it was there, it is not.
        try protect([.read, .write])
        #expect(store(4, at: base) == .done(4))
        #expect(try !fixture.takeModified(vmo))
        fixture.expectNoRequest()
    }

    @Test("ResizeWritebackWithMapping: grown pages read as zeros, trap, and trap again when clean")
    func resizeWritebackWithMapping() throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 3)
        try fixture.table.vmoSetSize(vmo, 3 * pageSize)
        #expect(load(address(base, page: 1)) == .done(0))
        #expect(load(address(base, page: 2)) == .done(0))
        try trappedStore(vmo, base, 1, 1)
        #expect(try fixture.dirtyRanges(vmo) == [[1, 1, 0], [2, 1, 1]])
        try fixture.operate(.writebackBegin, vmo, 0, 3)
        try fixture.operate(.writebackEnd, vmo, 0, 3)
        #expect(try fixture.dirtyRanges(vmo) == [])
        try trappedStore(vmo, base, 1, 2)
        // What were zeros is absent now, for a load too, though it was mapped.
        let reading = Access.load(address(base, page: 2))
        try fixture.expect(.read, 2)
        try fixture.supply(vmo, 2, 1)
        #expect(reading.end() == .done(MappingFixture.word(2)))
    }

    @Test("ResizeWritebackInterleavedWriteWithMapping: stores into zeros that are being written")
    func interleavedWrites() throws {
        let vmo = try fixture.createVMO(pages: 1)
        let base = try fixture.map(vmo, pages: 6)
        try fixture.table.vmoSetSize(vmo, 6 * pageSize)
        for page in 1..<6 as Range<UInt64> {
            #expect(load(address(base, page: page)) == .done(0))
        }
        try fixture.operate(.writebackBegin, vmo, 1, 5, data: 1)
        try trappedStore(vmo, base, 2, 2)
        try trappedStore(vmo, base, 4, 4)
        #expect(store(22, at: address(base, page: 2)) == .done(22))
        fixture.expectNoRequest()
        try fixture.operate(.writebackEnd, vmo, 1, 5)
        #expect(try fixture.dirtyRanges(vmo) == [[2, 1, 0], [4, 1, 0]])
        #expect(load(address(base, page: 2)) == .done(22))
        let reading = Access.load(address(base, page: 3))
        try fixture.expect(.read, 3)
        try fixture.supply(vmo, 3, 1, zeros: true)
        #expect(reading.end() == .done(0))
    }

    @Test("zeroing takes a page away that is mapped and Dirty")
    func zeroing() throws {
        let vmo = try fixture.createVMO(pages: 3)
        try fixture.supply(vmo, 0, 3)
        let base = try fixture.map(vmo, pages: 3)
        try trappedStore(vmo, base, 1, 1)
        let zero = VMOOperation.zero.rawValue
        try fixture.table.vmoOpRange(vmo, zero, offset: pageSize, size: pageSize)
        #expect(!isResident(address(base, page: 1)))
        #expect(load(address(base, page: 1)) == .done(0))
        #expect(try fixture.dirtyRanges(vmo) == [[1, 1, 1]])
        try trappedStore(vmo, base, 1, 2)
        #expect(load(address(base, page: 1) + 8) == .done(0))
        #expect(try fixture.dirtyRanges(vmo) == [[1, 1, 0]])
        // In part, it is a store in place.
        try fixture.table.vmoOpRange(vmo, zero, offset: pageSize, size: 8)
        #expect(load(address(base, page: 1)) == .done(0))
        #expect(load(address(base, page: 2)) == .done(MappingFixture.word(2)))
        fixture.expectNoRequest()
    }

    @Test("an evicted page is asked for again")
    func eviction() throws {
        let vmo = try fixture.createVMO(pages: 4)
        try fixture.supply(vmo, 0, 4)
        let base = try fixture.map(vmo, pages: 4)
        for page in 0..<4 as Range<UInt64> {
            #expect(load(address(base, page: page)) == .done(MappingFixture.word(page)))
        }
        try trappedStore(vmo, base, 3, 1)
        let paged = try fixture.table.object(vmo, VMODispatcher.self, rights: []).paged
        #expect(paged.evictClean(10) == 3)
        #expect(try fixture.info(vmo).committedBytes == pageSize)
        #expect(!isResident(base))
        #expect(load(address(base, page: 3)) == .done(1))
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        try fixture.supply(vmo, 0, 1)
        #expect(reading.end() == .done(MappingFixture.word(0)))
        #expect(paged.checkInvariants() == [])
    }

    @Test("a shrink makes loads beyond fail, a grow makes them zeros")
    func shrinkAndGrow() throws {
        let vmo = try fixture.createVMO(pages: 3)
        try fixture.supply(vmo, 0, 3)
        let base = try fixture.map(vmo, pages: 4)
        try trappedStore(vmo, base, 2, 1)
        #expect(load(address(base, page: 1)) == .done(MappingFixture.word(1)))
        #expect(load(address(base, page: 3)) == .failed(.outOfRange))
        try fixture.table.vmoSetSize(vmo, pageSize)
        for page in 1..<4 as Range<UInt64> {
            #expect(!isResident(address(base, page: page)))
            #expect(load(address(base, page: page)) == .failed(.outOfRange))
            #expect(store(1, at: address(base, page: page)) == .failed(.outOfRange))
        }
        try fixture.table.vmoSetSize(vmo, 4 * pageSize)
        for page in 1..<4 as Range<UInt64> {
            #expect(load(address(base, page: page)) == .done(0))
        }
        #expect(load(base) == .done(MappingFixture.word(0)))
        fixture.expectNoRequest()
    }

    @Test("ReadResizeTest: a shrink ends loads and stores that wait")
    func shrinkUnderWaiters() throws {
        let vmo = try fixture.createVMO(pages: 3)
        try fixture.supply(vmo, 2, 1)
        let base = try fixture.map(vmo, pages: 3)
        let reading = Access.load(address(base, page: 1))
        try fixture.expect(.read, 1)
        let writing = Access.store(1, at: address(base, page: 2))
        try fixture.expect(.dirty, 2)
        try fixture.table.vmoSetSize(vmo, 0)
        #expect(reading.end() == .failed(.outOfRange))
        #expect(writing.end() == .failed(.outOfRange))
        fixture.expectNoRequest()
    }

    @Test("NoDirtyRequestsAfterDetach: clean pages go, Dirty ones stay, nothing can be asked for")
    func detach() throws {
        let vmo = try fixture.createVMO(pages: 6)
        try fixture.supply(vmo, 0, 3)
        try fixture.supply(vmo, 3, 1, zeros: true)
        let base = try fixture.map(vmo, pages: 6)
        try trappedStore(vmo, base, 0, 10)
        try trappedStore(vmo, base, 1, 11)
        #expect(load(address(base, page: 2)) == .done(MappingFixture.word(2)))
        #expect(load(address(base, page: 3)) == .done(0))
        try fixture.operate(.writebackBegin, vmo, 1, 1)
        let reading = Access.load(address(base, page: 4))
        try fixture.expect(.read, 4)
        let writing = Access.store(1, at: address(base, page: 2))
        try fixture.expect(.dirty, 2)
        try fixture.table.pagerDetachVMO(fixture.pager, vmo)
        #expect(reading.end() == .failed(.badState))
        #expect(writing.end() == .failed(.badState))
        #expect(try fixture.nextRequest().command == .complete)
        for page in 2..<6 as Range<UInt64> {
            #expect(load(address(base, page: page)) == .failed(.badState))
        }
        #expect(load(base) == .done(10))
        #expect(store(20, at: base) == .done(20))
        #expect(load(address(base, page: 1)) == .done(11))
        #expect(store(21, at: address(base, page: 1)) == .failed(.badState))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 2, 0]])
        fixture.expectNoRequest()
    }

    @Test("vmo_write and a mapping show each other's bytes without a fault in between")
    func coherence() throws {
        let vmo = try fixture.createVMO(pages: 2, trap: false)
        try fixture.supply(vmo, 0, 2, zeros: true)
        let base = try fixture.map(vmo, pages: 2)
        #expect(load(base) == .done(0))
        try fixture.table.vmoWrite(vmo, offset: 0, bytes: [1, 2])
        #expect(isResident(base))
        #expect(load(base) == .done(0x201))
        #expect(store(0x0303, at: address(base, page: 1)) == .done(0x0303))
        #expect(try fixture.readWord(vmo, 1) == 0x0303)
        try fixture.table.vmoWrite(vmo, offset: pageSize, bytes: [9])
        #expect(load(address(base, page: 1)) == .done(0x0309))
    }
}
