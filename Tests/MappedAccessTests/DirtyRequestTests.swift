// Page requests of mapped loads and stores: the rows of Zircon's suite that go through a mapping.
//
// Each test makes an access on a thread of its own, reads the packet that it causes, answers it,
// and looks at the outcome and at the dirty ranges.

import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: requests", .enabled(if: MappingSupport.isAvailable))
struct DirtyRequestTests {
    let fixture: MappingFixture

    init() throws {
        fixture = try MappingFixture()
    }

    @Test("SimpleTrapDirty: a load is a READ of one page, the first store a DIRTY of one")
    func simpleTrapDirty() throws {
        let vmo = try fixture.createVMO(pages: 2)
        let base = try fixture.map(vmo, pages: 2)
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        #expect(!reading.isOver)
        try fixture.supply(vmo, 0, 1)
        #expect(reading.end() == .done(MappingFixture.word(0)))
        #expect(try fixture.dirtyRanges(vmo) == [])
        let writing = Access.store(99, at: base)
        try fixture.expect(.dirty, 0)
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(!writing.isOver)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(writing.end() == .done(99))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        #expect(store(100, at: base + 8) == .done(100))
        #expect(try fixture.readWord(vmo, 0) == 99)
        fixture.expectNoRequest()
    }

    @Test("SimpleDirtyNoTrap: a store asks for nothing, makes the page Dirty, and again after END")
    func simpleDirtyNoTrap() throws {
        let vmo = try fixture.createVMO(pages: 1, trap: false)
        let base = try fixture.map(vmo, pages: 1)
        try fixture.supply(vmo, 0, 1)
        #expect(load(base) == .done(MappingFixture.word(0)))
        #expect(try fixture.dirtyRanges(vmo) == [])
        for value in 1...3 as ClosedRange<UInt64> {
            #expect(store(value, at: base) == .done(value))
            #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
            try fixture.operate(.writebackBegin, vmo, 0, 1)
            try fixture.operate(.writebackEnd, vmo, 0, 1)
            #expect(try fixture.dirtyRanges(vmo) == [])
        }
        fixture.expectNoRequest()
    }

    @Test("a store to a page that is not there is a READ and then a DIRTY")
    func storeToAbsentPage() throws {
        let vmo = try fixture.createVMO(pages: 4)
        let base = try fixture.map(vmo, pages: 4)
        let writing = Access.store(5, at: address(base, page: 2))
        try fixture.expect(.read, 2)
        try fixture.supply(vmo, 2, 1)
        try fixture.expect(.dirty, 2)
        try fixture.operate(.dirty, vmo, 2, 1)
        #expect(writing.end() == .done(5))
        #expect(try fixture.dirtyRanges(vmo) == [[2, 1, 0]])
        #expect(load(address(base, page: 2) + 8) == .done(MappingFixture.word(2) + 1))
    }

    @Test("DirtyRequestsViaMapping: one page each, and an answer may be larger than was asked")
    func dirtyRequestsViaMapping() throws {
        let vmo = try fixture.createVMO(pages: 20)
        try fixture.supply(vmo, 0, 20)
        let base = try fixture.map(vmo, pages: 20)
        for page in [0, 1] as [UInt64] {
            let writing = Access.store(page, at: address(base, page: page))
            try fixture.expect(.dirty, page)
            try fixture.operate(.dirty, vmo, page, 1)
            #expect(writing.end() == .done(page))
        }
        let writing = Access.store(3, at: address(base, page: 5))
        try fixture.expect(.dirty, 5)
        try fixture.operate(.dirty, vmo, 5, 5)
        #expect(writing.end() == .done(3))
        #expect(store(4, at: address(base, page: 8)) == .done(4))
        fixture.expectNoRequest()
        #expect(try fixture.dirtyRanges(vmo) == [[0, 2, 0], [5, 5, 0]])
    }

    @Test("NoDirtyRequestsOnRead, NotModifiedOnMappingRead: loads dirty nothing")
    func noDirtyRequestsOnRead() throws {
        let vmo = try fixture.createVMO(pages: 3)
        try fixture.supply(vmo, 0, 2)
        try fixture.supply(vmo, 2, 1, zeros: true)
        let base = try fixture.map(vmo, pages: 3)
        for page in 0..<2 as Range<UInt64> {
            #expect(load(address(base, page: page)) == .done(MappingFixture.word(page)))
        }
        #expect(load(address(base, page: 2)) == .done(0))
        fixture.expectNoRequest()
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(try !fixture.takeModified(vmo))
    }

    @Test("FailDirtyRequests: the store fails with the status, and nothing changes")
    func failDirtyRequests() throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1)
        let base = try fixture.map(vmo, pages: 1)
        let writing = Access.store(1, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.fail(vmo, 0, 1, .io)
        #expect(writing.end() == .failed(.io))
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(try !fixture.takeModified(vmo))
        #expect(load(base) == .done(MappingFixture.word(0)))
        let again = Access.store(2, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(again.end() == .done(2))
    }

    @Test(
        "DirtyRequestsForZeroPages: a Marker takes no memory until it is Dirty",
        arguments: [false, true]
    )
    func dirtyRequestsForZeroPages(readsFirst: Bool) throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1, zeros: true)
        let base = try fixture.map(vmo, pages: 1)
        if readsFirst { #expect(load(base) == .done(0)) }
        #expect(try fixture.info(vmo).committedBytes == 0)
        let failing = Access.store(1, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.fail(vmo, 0, 1, .noSpace)
        #expect(failing.end() == .failed(.noSpace))
        #expect(try fixture.info(vmo).committedBytes == 0)
        #expect(try fixture.dirtyRanges(vmo) == [])
        let writing = Access.store(2, at: base)
        try fixture.expect(.dirty, 0)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(writing.end() == .done(2))
        #expect(try fixture.info(vmo).committedBytes == pageSize)
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        #expect(load(base) == .done(2))
        #expect(load(base + 8) == .done(0))
        #expect(try fixture.readWord(vmo, 0) == 2)
    }

    @Test("NoDirtyRequestsOnMapRange: what is there is mapped at once, and stores still trap")
    func noDirtyRequestsOnMapRange() throws {
        let vmo = try fixture.createVMO(pages: 600)
        try fixture.supply(vmo, 0, 2)
        try fixture.supply(vmo, 510, 4)
        let options: MappingOptions = [.read, .write, .mapRange]
        let base = try fixture.map(vmo, pages: 600, options)
        fixture.expectNoRequest()
        for page in [0, 1, 510, 513] as [UInt64] {
            #expect(isResident(address(base, page: page)))
            let writing = Access.store(page, at: address(base, page: page))
            try fixture.expect(.dirty, page)
            try fixture.operate(.dirty, vmo, page, 1)
            #expect(writing.end() == .done(page))
        }
        #expect(!isResident(address(base, page: 2)))
        // Pages that are mapped already, some of them writable, stay as they are.
        try fixture.supply(vmo, 2, 1)
        try fixture.table.vmarOpRange(
            fixture.vmar,
            RangeOperation.mapRange.rawValue,
            address: base,
            length: 600 * pageSize
        )
        #expect(isResident(address(base, page: 2)))
        #expect(store(9, at: base) == .done(9))
        fixture.expectNoRequest()
    }

    @Test("NoDirtyRequestsMapExistingDirty: a page that is Dirty already needs no request")
    func mapExistingDirty() throws {
        let vmo = try fixture.createVMO(pages: 1)
        try fixture.supply(vmo, 0, 1)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(try !fixture.takeModified(vmo))
        let base = try fixture.map(vmo, pages: 1)
        #expect(load(base) == .done(MappingFixture.word(0)))
        #expect(try !fixture.takeModified(vmo))
        // ModifiedOnMappingWrite: seen although the page is Dirty and mapped.
        #expect(store(1, at: base) == .done(1))
        #expect(try fixture.takeModified(vmo))
        #expect(store(2, at: base) == .done(2))
        #expect(try !fixture.takeModified(vmo))
        fixture.expectNoRequest()
    }

    @Test("SequentialMultipageTest: 32 loads are 32 requests of one page")
    func sequentialMultipage() throws {
        let vmo = try fixture.createVMO(pages: 32)
        let base = try fixture.map(vmo, pages: 32)
        for page in 0..<32 as Range<UInt64> {
            let reading = Access.load(address(base, page: page))
            try fixture.expect(.read, page)
            try fixture.supply(vmo, page, 1)
            #expect(reading.end() == .done(MappingFixture.word(page)))
        }
        fixture.expectNoRequest()
    }

    @Test("ConcurrentOverlappingAccessTest: 32 threads on one page are one request")
    func concurrentOverlappingAccess() throws {
        let vmo = try fixture.createVMO(pages: 1)
        let base = try fixture.map(vmo, pages: 1)
        let accesses = (0..<32).map { Access.load(base + UInt($0) * 8) }
        try fixture.expect(.read, 0)
        try fixture.supply(vmo, 0, 1)
        for (index, access) in accesses.enumerated() {
            #expect(access.end() == .done(MappingFixture.word(0) + UInt64(index)))
        }
        fixture.expectNoRequest()
    }

    @Test("two mappings of one page show each other's stores, and each asks once")
    func twoMappings() throws {
        let vmo = try fixture.createVMO(pages: 4)
        try fixture.supply(vmo, 0, 4)
        let first = try fixture.map(vmo, pages: 4)
        let second = try fixture.map(vmo, page: 1, pages: 2)
        let writing = Access.store(11, at: address(first, page: 1))
        try fixture.expect(.dirty, 1)
        try fixture.operate(.dirty, vmo, 1, 1)
        #expect(writing.end() == .done(11))
        #expect(load(second) == .done(11))
        #expect(store(12, at: second) == .done(12))
        #expect(load(address(first, page: 1)) == .done(12))
        try fixture.operate(.writebackBegin, vmo, 0, 4)
        for place in [address(first, page: 1), second] {
            let writing = Access.store(13, at: place)
            try fixture.expect(.dirty, 1)
            try fixture.fail(vmo, 1, 1, .io)
            #expect(writing.end() == .failed(.io))
        }
    }
}
