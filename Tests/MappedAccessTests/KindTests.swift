// Mappings of VMOs that are not the root of a pager: memory without dirty tracking, clones, slices
// and references; and pages that leave a mapped VMO for another.

import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: kinds of VMOs", .enabled(if: MappingSupport.isAvailable))
struct KindTests {
    let fixture: MappingFixture

    init() throws {
        fixture = try MappingFixture()
    }

    private func child(
        of vmo: Handle,
        _ options: VMOChildOptions,
        page: UInt64 = 0,
        pages: UInt64
    ) throws -> Handle {
        try fixture.table.vmoCreateChild(
            vmo,
            options: options.rawValue,
            offset: page * pageSize,
            size: pages * pageSize
        )
    }

    @Test("anonymous memory is zeros until it is stored to, and only then takes memory")
    func anonymous() throws {
        let vmo = try fixture.table.vmoCreate(size: 600 * pageSize, options: 0)
        let base = try fixture.map(vmo, pages: 600)
        #expect(load(base) == .done(0))
        #expect(load(address(base, page: 599)) == .done(0))
        #expect(try fixture.info(vmo).committedBytes == 0)
        #expect(store(5, at: base) == .done(5))
        #expect(store(6, at: address(base, page: 512)) == .done(6))
        #expect(try fixture.info(vmo).committedBytes == 2 * pageSize)
        #expect(try fixture.readWord(vmo, 512) == 6)
        try fixture.table.vmoWrite(vmo, offset: 599 * pageSize, bytes: [1])
        #expect(load(address(base, page: 599)) == .done(1))
        // DECOMMIT and OP_ZERO, through the VMO and through the mapping.
        let table = fixture.table
        try table.vmoOpRange(vmo, VMOOperation.decommit.rawValue, offset: 0, size: pageSize)
        #expect(load(base) == .done(0))
        try table.vmarOpRange(
            fixture.vmar,
            RangeOperation.decommit.rawValue,
            address: address(base, page: 512),
            length: pageSize
        )
        #expect(load(address(base, page: 512)) == .done(0))
        #expect(try fixture.info(vmo).committedBytes == pageSize)
        #expect(store(7, at: base) == .done(7))
        #expect(load(base + 8) == .done(0))
    }

    @Test("a clone copies a page when it is first touched, and its root hears of no store")
    func clones() throws {
        let vmo = try fixture.createVMO(pages: 4)
        let clone = try child(of: vmo, .snapshotAtLeastOnWrite, page: 1, pages: 3)
        let base = try fixture.map(clone, pages: 3)
        let writing = Access.store(1, at: base)
        try fixture.expect(.read, 1)
        try fixture.supply(vmo, 1, 1)
        #expect(writing.end() == .done(1))
        let reading = Access.load(address(base, page: 1))
        try fixture.expect(.read, 2)
        try fixture.supply(vmo, 2, 1)
        #expect(reading.end() == .done(MappingFixture.word(2)))
        #expect(load(base + 8) == .done(MappingFixture.word(1) + 1))
        fixture.expectNoRequest()
        #expect(try fixture.dirtyRanges(vmo) == [])
        #expect(try !fixture.takeModified(vmo))
        #expect(try fixture.readWord(vmo, 1) == MappingFixture.word(1))
        #expect(try fixture.readWord(clone, 0) == 1)
        let failing = Access.load(address(base, page: 2))
        try fixture.expect(.read, 3)
        try fixture.fail(vmo, 3, 1, .io)
        #expect(failing.end() == .failed(.io))
        // CloneDetachTest: what was copied stays, what was not is gone.
        let detached = Access.load(address(base, page: 2))
        try fixture.expect(.read, 3)
        try fixture.table.pagerDetachVMO(fixture.pager, vmo)
        #expect(detached.end() == .failed(.badState))
        #expect(load(base) == .done(1))
    }

    @Test("a snapshot is not torn: a store meanwhile is wholly in it or not at all")
    func snapshot() throws {
        let pages: UInt64 = 64
        let vmo = try fixture.table.vmoCreate(size: pages * pageSize, options: 0)
        let base = try fixture.map(vmo, pages: pages)
        // One thread counts through the pages, one after the other; in a snapshot a page is never
        // ahead of the one before it by more than the count itself, nor behind by more than one.
        let isOver = Guarded(false, rank: .leaf)
        let counting = Access.other {
            var count: UInt64 = 0
            while !isOver.withLock({ $0 }) {
                count += 1
                for page in 0..<pages {
                    // SAFETY: the mapping has as many pages.
                    let word = unsafe UnsafeMutablePointer<UInt64>(
                        bitPattern: address(base, page: page)
                    )
                    unsafe word?.pointee = count
                }
            }
            return count
        }
        for _ in 0..<200 {
            let copy = try child(of: vmo, .snapshot, pages: pages)
            let words = try (0..<pages).map { try fixture.readWord(copy, $0) }
            #expect(zip(words, words.dropFirst()).allSatisfy { $0 >= $1 }, "\(words)")
            #expect((words.first ?? 0) - (words.last ?? 0) <= 1, "\(words)")
            try fixture.table.close(copy)
        }
        isOver.withLock { $0 = true }
        #expect(counting.end() != nil)
    }

    @Test("SliceWrite: a slice is its root's pages, and no more than those")
    func slices() throws {
        let vmo = try fixture.createVMO(pages: 6, resizable: false)
        try fixture.supply(vmo, 0, 6)
        let slice = try child(of: vmo, .slice, page: 2, pages: 2)
        let base = try fixture.map(slice, pages: 4)
        #expect(load(base) == .done(MappingFixture.word(2)))
        let writing = Access.store(1, at: address(base, page: 1))
        try fixture.expect(.dirty, 3)
        try fixture.operate(.dirty, vmo, 3, 1)
        #expect(writing.end() == .done(1))
        #expect(try fixture.takeModified(vmo))
        #expect(try fixture.dirtyRanges(vmo) == [[3, 1, 0]])
        #expect(load(address(base, page: 2)) == .failed(.outOfRange))
        #expect(throws: Status.outOfRange) {
            try fixture.table.vmarOpRange(
                fixture.vmar,
                RangeOperation.commit.rawValue,
                address: base,
                length: 3 * pageSize
            )
        }
        let whole = try fixture.map(vmo, page: 3, pages: 1)
        #expect(load(whole) == .done(1))
        fixture.expectNoRequest()
    }

    @Test("a reference is its parent, at any size")
    func references() throws {
        let vmo = try fixture.createVMO(pages: 1, trap: false)
        try fixture.supply(vmo, 0, 1)
        let reference = try child(of: vmo, .reference, pages: 0)
        let base = try fixture.map(reference, pages: 2)
        #expect(store(1, at: base) == .done(1))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        #expect(load(address(base, page: 1)) == .failed(.outOfRange))
        try fixture.table.vmoSetSize(vmo, 2 * pageSize)
        #expect(load(address(base, page: 1)) == .done(0))
    }

    @Test("MappedSupplyPages: pages of a mapped auxiliary VMO are supplied and read as zeros then")
    func mappedSupply() throws {
        let vmo = try fixture.createVMO(pages: 4, trap: false)
        let target = try fixture.map(vmo, pages: 4)
        let aux = try fixture.table.vmoCreate(size: 4 * pageSize, options: 0)
        let base = try fixture.map(aux, pages: 4)
        #expect(store(1, at: base) == .done(1))
        #expect(store(3, at: address(base, page: 2)) == .done(3))
        #expect(load(address(base, page: 1)) == .done(0))
        try fixture.table.pagerSupplyPages(
            fixture.pager,
            vmo,
            offset: 0,
            length: 4 * pageSize,
            auxVMO: aux,
            auxOffset: 0
        )
        for (page, word) in [(0, 1), (1, 0), (2, 3), (3, 0)] as [(UInt64, UInt64)] {
            #expect(load(address(target, page: page)) == .done(word))
            #expect(load(address(base, page: page)) == .done(0))
        }
        #expect(try fixture.info(aux).committedBytes == 0)
        #expect(store(5, at: base) == .done(5))
        #expect(load(target) == .done(1))
        fixture.expectNoRequest()
    }

    @Test("a VMO that is mapped in part, and then more of it, shows the same pages everywhere")
    func growingPlaces() throws {
        let vmo = try fixture.createVMO(pages: 2048, trap: false)
        let pages = [0, 511, 512, 1023, 1024, 2047] as [UInt64]
        for page in pages { try fixture.supply(vmo, page, 1) }
        let middle = try fixture.map(vmo, page: 512, pages: 1)
        let whole = try fixture.map(vmo, pages: 2048)
        let tail = try fixture.map(vmo, page: 500, pages: 1000)
        for page in pages {
            #expect(load(address(whole, page: page)) == .done(MappingFixture.word(page)))
        }
        #expect(store(5, at: middle) == .done(5))
        #expect(load(address(whole, page: 512)) == .done(5))
        #expect(store(6, at: address(tail, page: 524)) == .done(6))
        #expect(load(address(whole, page: 1024)) == .done(6))
        #expect(try fixture.readWord(vmo, 1024) == 6)
        let paged = try fixture.table.object(vmo, VMODispatcher.self, rights: []).paged
        #expect(paged.checkInvariants() == [])
        try fixture.operate(.writebackBegin, vmo, 0, 2048)
        try fixture.operate(.writebackEnd, vmo, 0, 2048)
        #expect(try fixture.dirtyRanges(vmo) == [])
        for place in [middle, address(whole, page: 1024), address(tail, page: 524)] {
            #expect(store(7, at: place) == .done(7))
        }
        #expect(try fixture.dirtyRanges(vmo) == [[512, 1, 0], [1024, 1, 0]])
    }
}
