// zx_vmar_map, unmap, protect and op_range: what they refuse, in Zircon's order, and where mappings
// come to lie.

import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: calls", .enabled(if: MappingSupport.isAvailable))
struct MapCallTests {
    let fixture: MappingFixture
    let vmo: Handle
    let base: UInt

    init() throws {
        fixture = try MappingFixture()
        vmo = try fixture.createVMO(pages: 8, trap: false)
        try fixture.supply(vmo, 0, 8)
        base = fixture.region.base
    }

    private func map(
        _ vmar: Handle? = nil,
        _ options: MappingOptions = .read,
        alignment: UInt32 = 0,
        at offset: UInt64 = 0,
        _ vmo: Handle? = nil,
        vmoOffset: UInt64 = 0,
        length: UInt64 = pageSize
    ) throws(Status) -> UInt {
        try fixture.table.vmarMap(
            vmar ?? fixture.vmar,
            options: options.rawValue | alignment << 24,
            vmarOffset: offset,
            vmo ?? self.vmo,
            vmoOffset: vmoOffset,
            length: length
        )
    }

    private func expect(
        _ status: Status,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ call: () throws -> Void
    ) {
        #expect(throws: status, sourceLocation: sourceLocation) { try call() }
    }

    private func unmap(_ address: UInt, pages: UInt64) throws(Status) {
        try fixture.table.vmarUnmap(fixture.vmar, address: address, length: pages * pageSize)
    }

    private func protect(
        _ address: UInt,
        pages: UInt64,
        _ options: MappingOptions
    ) throws(Status) {
        try fixture.table.vmarProtect(
            fixture.vmar,
            options: options.rawValue,
            address: address,
            length: pages * pageSize
        )
    }

    private func operate(
        _ operation: UInt32,
        _ address: UInt,
        pages: UInt64
    ) throws(Status) {
        try fixture.table.vmarOpRange(
            fixture.vmar,
            operation,
            address: address,
            length: pages * pageSize
        )
    }

    @Test("map: each check comes before the ones after it")
    func mapErrors() throws {
        let table = fixture.table
        let readOnly = try table.duplicate(vmo, rights: [.read, .map])
        let noMap = try table.duplicate(vmo, rights: [.read, .write])
        let weak = try table.duplicate(fixture.vmar, rights: [.read])
        let bad = Handle(rawValue: 0x1234_5677)
        expect(.badHandle) { _ = try map(bad, .read, bad) }
        expect(.wrongType) { _ = try map(vmo, .read, bad) }
        expect(.badHandle) { _ = try map(nil, .write, bad) }
        expect(.wrongType) { _ = try map(nil, .write, fixture.vmar) }
        expect(.accessDenied) { _ = try map(nil, .write, noMap) }
        expect(.invalidArgs) { _ = try map(nil, .write, readOnly) }
        expect(.invalidArgs) { _ = try map(nil, [.execute], readOnly) }
        let overwritten: MappingOptions = [.read, .write, .mapRange, .specificOverwrite]
        expect(.invalidArgs) { _ = try map(nil, overwritten, readOnly) }
        for option in [.canMapRead, .canMapWrite, .canMapExecute] as [MappingOptions] {
            expect(.invalidArgs) { _ = try map(nil, [.read, .write, option], readOnly) }
        }
        expect(.accessDenied) { _ = try map(nil, [.read, .write, .compact], readOnly) }
        expect(.accessDenied) { _ = try map(weak, [.read, .write, .compact]) }
        expect(.accessDenied) { _ = try map(nil, [.read, .execute, .compact]) }
        expect(.invalidArgs) { _ = try map(nil, [.read, .faultBeyondStreamSize]) }
        expect(.notSupported) {
            _ = try map(nil, [.read, .faultBeyondStreamSize, .allowFaults, .compact])
        }
        let unknown = MappingOptions(rawValue: 1 << 16)
        expect(.invalidArgs) { _ = try map(nil, [.read, .requireNonResizable, unknown]) }
        for alignment in [1, 9, 33, 255] as [UInt32] {
            let options: MappingOptions = [.read, .requireNonResizable]
            expect(.invalidArgs) { _ = try map(nil, options, alignment: alignment) }
        }
        expect(.notSupported) { _ = try map(nil, [.read, .requireNonResizable, .compact]) }
        for option in [.compact, .canMapSpecific] as [MappingOptions] {
            expect(.invalidArgs) { _ = try map(nil, [.read, option], length: .max) }
        }
        expect(.invalidArgs) { _ = try map(vmoOffset: 8, length: .max) }
        expect(.outOfRange) { _ = try map(length: .max) }
        expect(.outOfRange) { _ = try map(at: 8, vmoOffset: 0 &- pageSize, length: pageSize) }
        expect(.invalidArgs) { _ = try map(length: 0) }
        #expect(fixture.region.space.state.withLock { $0.service == nil })
    }

    @Test("map: places that do not exist or are taken are refused")
    func mapPlaces() throws {
        let size = UInt64(fixture.region.length)
        let both: MappingOptions = [.read, .specific, .offsetIsUpperLimit]
        expect(.invalidArgs) { _ = try map(nil, both, at: size + pageSize) }
        expect(.invalidArgs) { _ = try map(at: pageSize) }
        expect(.invalidArgs) { _ = try map(nil, [.read, .specific], at: 8) }
        expect(.invalidArgs) { _ = try map(nil, [.read, .specific], at: size) }
        let last = size - pageSize
        expect(.invalidArgs) {
            _ = try map(nil, [.read, .specific], at: last, length: 2 * pageSize)
        }
        expect(.invalidArgs) { _ = try map(length: size + pageSize) }
        expect(.invalidArgs) { _ = try map(nil, [.read, .offsetIsUpperLimit], at: 0) }
        expect(.invalidArgs) {
            _ = try map(nil, [.read, .offsetIsUpperLimit], at: size + pageSize)
        }
        // 1 GiB, where the region begins at less round an address.
        let odd = (0 &- UInt64(base)) % (1 << 30) + pageSize
        expect(.invalidArgs) { _ = try map(nil, [.read, .specific], alignment: 30, at: odd) }
        expect(.noMemory) { _ = try map(length: size / 4) }

        #expect(try map(nil, [.read, .specific], at: last) == base + UInt(last))
        expect(.alreadyExists) { _ = try map(nil, [.read, .specific], at: last) }
        let first = try map(length: 2 * pageSize)
        expect(.alreadyExists) {
            let place = UInt64(first - base) + pageSize
            _ = try map(nil, [.read, .specific], at: place, length: 4 * pageSize)
        }
        expect(.noResources) { _ = try map(nil, [.read, .offsetIsUpperLimit], at: pageSize) }
        let aligned = try map(nil, .read, alignment: 21)
        #expect(aligned % (2 << 20) == 0)
        let limit = UInt64(aligned - base) + 10 * pageSize
        let low = try map(nil, [.read, .offsetIsUpperLimit], at: limit, length: 9 * pageSize)
        #expect(low >= base && low + UInt(9 * pageSize) <= base + UInt(limit))
        #expect(load(low) == .done(MappingFixture.word(0)))
        #expect(load(address(low, page: 8)) == .failed(.outOfRange))
    }

    @Test("lengths are rounded up, and a mapping may reach beyond its VMO")
    func lengths() throws {
        let address = try map(nil, .read, vmoOffset: 7 * pageSize, length: pageSize + 1)
        #expect(load(address) == .done(MappingFixture.word(7)))
        #expect(load(address + UInt(pageSize)) == .failed(.outOfRange))
        #expect(load(address + UInt(2 * pageSize)) == .signal(11))
        let beyond = try map(nil, .read, vmoOffset: 1 << 50, length: pageSize)
        #expect(load(beyond) == .failed(.outOfRange))
    }

    @Test("overwriting replaces the middle of a mapping and leaves its ends")
    func overwrite() throws {
        let address = try map(nil, [.read, .write], length: 8 * pageSize)
        for page in 0..<8 as Range<UInt64> {
            #expect(store(page, at: MappedAccessTests.address(address, page: page)) == .done(page))
        }
        let middle = MappedAccessTests.address(address, page: 2)
        let offset = UInt64(middle - base)
        let length = 3 * pageSize
        let options: MappingOptions = [.read, .specificOverwrite]
        #expect(try map(nil, options, at: offset, length: length) == middle)
        for (page, shown) in zip(0..<6 as Range<UInt64>, [0, 1, 0, 1, 2, 5] as [UInt64]) {
            #expect(load(MappedAccessTests.address(address, page: page)) == .done(shown))
        }
        #expect(store(1, at: middle) == .signal(11))
        #expect(store(50, at: MappedAccessTests.address(address, page: 5)) == .done(50))
        // Writeback finds the stores of both ends.
        try fixture.operate(.writebackBegin, vmo, 0, 8)
        try fixture.operate(.writebackEnd, vmo, 0, 8)
        #expect(try fixture.dirtyRanges(vmo) == [])
        for page in [0, 5] as [UInt64] {
            #expect(store(9, at: MappedAccessTests.address(address, page: page)) == .done(9))
        }
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0], [5, 1, 0]])
    }

    @Test("unmap: whole, in part and over gaps; what is gone is SIGSEGV, what is left stays")
    func unmapping() throws {
        let address = try map(nil, [.read, .write], length: 8 * pageSize)
        func at(_ page: UInt64) -> UInt { MappedAccessTests.address(address, page: page) }
        expect(.invalidArgs) { try unmap(address + 8, pages: 1) }
        expect(.invalidArgs) { try unmap(address, pages: 0) }
        expect(.invalidArgs) { try unmap(base - UInt(pageSize), pages: 1) }
        expect(.badHandle) {
            try fixture.table.vmarUnmap(.invalid, address: address, length: pageSize)
        }
        #expect(store(1, at: at(3)) == .done(1))
        #expect(store(1, at: at(6)) == .done(1))
        try unmap(at(3), pages: 2)
        try unmap(at(0), pages: 1)
        try unmap(at(7), pages: 1)
        for page in 0..<8 as Range<UInt64> {
            let isLeft = [1, 2, 5, 6].contains(page)
            let word = page == 6 ? 1 : MappingFixture.word(page)
            #expect(load(at(page)) == (isLeft ? .done(word) : .signal(11)))
        }
        try fixture.operate(.writebackBegin, vmo, 0, 8)
        try fixture.operate(.writebackEnd, vmo, 0, 8)
        #expect(store(2, at: at(6)) == .done(2))
        #expect(try fixture.dirtyRanges(vmo) == [[6, 1, 0]])
        // A gap is room again.
        let place: MappingOptions = [.read, .specific]
        #expect(try map(nil, place, at: UInt64(at(3) - base), length: 2 * pageSize) == at(3))
        #expect(load(at(3)) == .done(MappingFixture.word(0)))
        try unmap(address, pages: 100)
        #expect(fixture.region.space.state.withLock { $0.regions.regions.isEmpty })
        for page in 0..<8 as Range<UInt64> { #expect(load(at(page)) == .signal(11)) }
        #expect(try fixture.readWord(vmo, 3) == 1)
    }

    @Test("protect: what it refuses, and that it changes only its range")
    func protecting() throws {
        let readOnly = try fixture.table.duplicate(vmo, rights: [.read, .map])
        let weak = try fixture.table.duplicate(fixture.vmar, rights: [.read])
        let address = try map(nil, [.read, .write], length: 4 * pageSize)
        func at(_ page: UInt64) -> UInt { MappedAccessTests.address(address, page: page) }
        let next: MappingOptions = [.read, .specific]
        _ = try map(nil, next, at: UInt64(at(4) - base), readOnly, length: pageSize)
        expect(.accessDenied) {
            try fixture.table.vmarProtect(
                weak,
                options: MappingOptions.write.rawValue,
                address: address + 1,
                length: pageSize
            )
        }
        expect(.invalidArgs) { try protect(address, pages: 1, .write) }
        expect(.invalidArgs) { try protect(address + 8, pages: 1, .read) }
        expect(.invalidArgs) { try protect(address, pages: 1, [.read, .specific]) }
        expect(.invalidArgs) { try protect(address, pages: 0, .read) }
        expect(.invalidArgs) { try protect(base - UInt(pageSize), pages: 1, .read) }
        expect(.notFound) { try protect(address, pages: 6, .read) }
        expect(.notFound) { try protect(at(6), pages: 1, .read) }
        expect(.accessDenied) { try protect(at(3), pages: 2, [.read, .write]) }
        expect(.accessDenied) { try protect(address, pages: 1, [.read, .execute]) }
        #expect(store(1, at: at(0)) == .done(1))
        try protect(at(1), pages: 2, .read)
        #expect(store(1, at: at(1)) == .signal(11))
        #expect(store(1, at: at(3)) == .done(1))
        #expect(load(at(2)) == .done(MappingFixture.word(2)))
        try protect(at(2), pages: 1, [])
        #expect(load(at(2)) == .signal(11))
        try protect(address, pages: 4, [.read, .write])
        for page in 0..<4 as Range<UInt64> { #expect(store(7, at: at(page)) == .done(7)) }
        #expect(try fixture.dirtyRanges(vmo) == [[0, 4, 0]])
    }

    @Test("op_range: what it refuses, and COMMIT, DECOMMIT and the hints through a mapping")
    func rangeOperations() throws {
        let fresh = try fixture.createVMO(pages: 4, key: 9)
        let address = try fixture.map(fresh, pages: 4)
        let read = try map(nil, [.read], try fixture.table.duplicate(vmo, rights: [.read, .map]))
        expect(.invalidArgs) { try operate(99, address + 8, pages: 0) }
        expect(.invalidArgs) { try operate(1, address + 8, pages: 1) }
        expect(.invalidArgs) { try operate(1, address, pages: 0) }
        expect(.outOfRange) { try operate(1, base - UInt(pageSize), pages: 1) }
        expect(.accessDenied) { try operate(1, read, pages: 1) }
        expect(.accessDenied) { try operate(2, read, pages: 1) }
        expect(.notSupported) { try operate(10, address, pages: 1) }
        expect(.notSupported) { try operate(2, address, pages: 1) }
        expect(.badState) { try operate(3, base + fixture.region.length / 2, pages: 1) }

        let table = fixture.table
        let vmar = fixture.vmar
        let committing = Access.other {
            let result = Result { () throws(Status) in
                try table.vmarOpRange(vmar, 1, address: address, length: 2 * pageSize)
            }
            return (try? result.get()) == nil ? 1 : 0
        }
        try fixture.expect(.read, 0, 2)
        try fixture.supply(fresh, 0, 1)
        try fixture.supply(fresh, 1, 1, zeros: true)
        #expect(committing.end() == .done(0))
        #expect(try fixture.info(fresh).committedBytes == 2 * pageSize)
        #expect(isResident(address) && isResident(address + UInt(pageSize)))
        #expect(try fixture.dirtyRanges(fresh) == [])
        let prefetching = Access.other {
            let result = Result { () throws(Status) in
                try table.vmarOpRange(vmar, 14, address: address, length: 3 * pageSize)
            }
            return (try? result.get()) == nil ? 1 : 0
        }
        try fixture.expect(.read, 2)
        try fixture.supply(fresh, 2, 1)
        #expect(prefetching.end() == .done(0))
        #expect(isResident(MappedAccessTests.address(address, page: 2)))
        try operate(12, address, pages: 3)
        try operate(13, address, pages: 3)
        fixture.expectNoRequest()
    }

    @Test("without the kernel's help a mapping is refused, after all other checks")
    func notSupported() throws {
        let fixture = try MappingFixture(isSupported: false)
        let vmo = try fixture.createVMO(pages: 1)
        #expect(throws: Status.notSupported) { _ = try fixture.map(vmo, pages: 1) }
        #expect(throws: Status.invalidArgs) { _ = try fixture.map(vmo, pages: 0) }
        try fixture.table.vmarUnmap(
            fixture.vmar,
            address: fixture.region.base,
            length: pageSize
        )
        let info = try fixture.table.vmarInfo(fixture.vmar)
        #expect(info.base == fixture.region.base && info.length > 1 << 30)
        try fixture.supply(vmo, 0, 1)
        #expect(try fixture.readWord(vmo, 0) == MappingFixture.word(0))
    }
}
