// The data structures of mapped access against simple models, in random sequences.

import Support
import TestSupport
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: structures")
struct StructureTests {
    @Test(
        "a set of pages gives its pages back in runs, once each",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func pageSet(seed: UInt64) {
        var numbers = SeededGenerator(seed: seed)
        var set = PageSet()
        var model: Set<UInt64> = []
        for _ in 0..<300 {
            if Int.random(in: 0..<4, using: &numbers) > 0 {
                let start = UInt64.random(in: 0..<3000, using: &numbers)
                for page in start..<(start + UInt64.random(in: 1..<20, using: &numbers)) {
                    set.insert(page)
                    model.insert(page)
                }
                continue
            }
            let start = UInt64.random(in: 0..<3000, using: &numbers)
            let count = UInt64.random(in: 0..<2000, using: &numbers)
            let isHuge = Int.random(in: 0..<10, using: &numbers) == 0
            let bounds = PageRange(start, isHuge ? 1 << 52 : start + count)
            var taken: [UInt64] = []
            set.remove(in: bounds) { run in
                #expect(!run.isEmpty)
                taken += run.start..<run.end
            }
            #expect(taken == model.filter { bounds.contains($0) }.sorted(), "seed \(seed)")
            model = model.filter { !bounds.contains($0) }
        }
    }

    @Test(
        "a map of regions knows what is mapped at each address, and where there is room",
        arguments: 1...20 as ClosedRange<UInt64>
    )
    func regionMap(seed: UInt64) throws {
        var numbers = SeededGenerator(seed: seed)
        let arena = try FrameArena(frameCount: 512)
        let memory = try UntrackedVMO(size: pageSize, isResizable: false, arena: arena)
        let owner = VMODispatcher(.untracked(memory))
        let object = MappedObject(memory)
        let page = UInt(pageSize)
        let bounds = (100 * page)..<(200 * page)
        var map = RegionMap(bounds: bounds)
        // For each page of the region: the page that it shows, and what may be done to it.
        var model = [(shown: UInt64, permissions: MappingOptions)?](repeating: nil, count: 100)
        for _ in 0..<200 {
            let first = Int.random(in: 0..<100, using: &numbers)
            let count = Int.random(in: 1...min(20, 100 - first), using: &numbers)
            let start = bounds.lowerBound + UInt(first) * page
            let range = start..<(start + UInt(count) * page)
            let isFree = model[first..<(first + count)].allSatisfy { $0 == nil }
            #expect(map.isFree(range) == isFree, "seed \(seed)")
            switch Int.random(in: 0..<4, using: &numbers) {
            case 0, 1:
                let length = UInt(count) * page
                let limit = Bool.random(using: &numbers) ? UInt.max : range.upperBound
                let alignment = page << UInt.random(in: 0..<3, using: &numbers)
                let room = map.room(for: length, alignment: alignment, below: limit)
                let candidates = (0...(100 - count)).filter { candidate in
                    let address = bounds.lowerBound + UInt(candidate) * page
                    return address % alignment == 0 && address + length <= limit
                        && model[candidate..<(candidate + count)].allSatisfy { $0 == nil }
                }
                let expected = candidates.first.map { bounds.lowerBound + UInt($0) * page }
                #expect(room == expected, "seed \(seed)")
                guard isFree else { continue }
                let shown = UInt64.random(in: 0..<1000, using: &numbers)
                let view = MappedView(
                    object,
                    address: start,
                    page: shown,
                    limit: .max,
                    permissionsMax: .read,
                    owner: owner
                )
                map.insert(Region(addresses: range, view: view, permissions: .read))
                for index in 0..<count { model[first + index] = (shown + UInt64(index), .read) }
            case 2:
                map.remove(range)
                for index in first..<(first + count) { model[index] = nil }
            default:
                let permissions = MappingOptions(rawValue: .random(in: 0..<8, using: &numbers))
                map.setPermissions(permissions, in: range)
                for index in first..<(first + count) { model[index]?.permissions = permissions }
            }
            for index in 0..<100 {
                let address = bounds.lowerBound + UInt(index) * page
                let region = map.region(at: address + 8)
                #expect(region?.view.page(at: address) == model[index]?.shown, "seed \(seed)")
                #expect(region?.permissions == model[index]?.permissions, "seed \(seed)")
            }
        }
    }
}
