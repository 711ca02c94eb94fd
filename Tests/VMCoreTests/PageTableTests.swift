// The page table by itself. Method: random changes of a table and of a plain dictionary of pages,
// then every kind of search is compared; page numbers differ in few digits, so that nodes are made,
// shared and dropped on all levels.

import Support
import Testing

@testable import VMCore

@Suite("Page table")
struct PageTableTests {
    private enum State { case marker, clean, dirty, awaitingClean }

    /// A table and what it should hold.
    private struct Twin {
        var table = PageTable()
        var pages: [UInt64: State] = [:]
        var random: UInt64
        var freed = FrameRunList()

        init(seed: UInt64) { random = seed }

        mutating func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }

        /// A page below 2^52: few values in few of its digits of six bits.
        mutating func nextPage() -> UInt64 {
            var page = next(64)
            for _ in 0..<2 { page |= next(4) << (6 * next(8) + 2 * next(3)) }
            return page & (1 << 52 - 1)
        }

        /// A range with at most 300 pages, or a long one.
        mutating func nextRange() -> PageRange {
            let start = nextPage()
            return PageRange(start, start + (next(8) == 0 ? 1 << next(50) : 1 + next(300)))
        }

        mutating func change() {
            let kind = next(10)
            let range = kind < 4 ? PageRange(start: nextPage(), count: 1 + next(3)) : nextRange()
            let inside = pages.keys.filter { range.contains($0) }
            switch kind {
            case 0..<4: fill(range, with: kind == 0 ? .marker : kind == 1 ? .clean : .dirty)
            case 4, 5:
                table.beginWriteback(range)
                for page in inside where pages[page] == .dirty { pages[page] = .awaitingClean }
            case 6:
                table.endWriteback(range)
                for page in inside where pages[page] == .awaitingClean { pages[page] = .clean }
            default:
                let alsoMarkers = kind == 7
                _ = table.remove(range, alsoMarkers: alsoMarkers, into: &freed)
                for page in inside where alsoMarkers || pages[page] != .marker {
                    pages[page] = nil
                }
            }
        }

        private mutating func fill(_ range: PageRange, with state: State) {
            for page in range.start..<range.end where pages[page] == nil {
                if state == .marker {
                    table.addMarkers(PageRange(start: page, count: 1))
                } else {
                    let run = FrameRun(start: UInt32(truncatingIfNeeded: page), count: 1)
                    table.install(run, at: page, isDirty: state == .dirty)
                }
                pages[page] = state
            }
        }

        /// The leaves with a page that passes.
        func leaves(_ passes: (State) -> Bool) -> [UInt64] {
            Set(pages.filter { passes($0.value) }.keys.map { $0 / 64 }).sorted()
        }

        /// The reported runs in a window.
        func runs(in window: PageRange) -> [PageRange] {
            var runs: [PageRange] = []
            let reported = pages.filter { $0.value == .dirty || $0.value == .awaitingClean }
            for page in reported.keys.filter({ window.contains($0) }).sorted() {
                if let last = runs.last, last.end == page {
                    runs[runs.count - 1].end += 1
                } else {
                    runs.append(PageRange(start: page, count: 1))
                }
            }
            return runs
        }

        func found(_ filter: PageTable.Filter, from start: UInt64) -> [UInt64] {
            var found: [UInt64] = []
            var index = start
            while let leaf = table.nextLeaf(atOrAfter: index, filter) {
                found.append(leaf.fields.index)
                index = leaf.fields.index + 1
            }
            return found
        }

        func foundRuns(in window: PageRange) -> [PageRange] {
            var runs = ReportedRuns(table, in: window, expected: 100)
            var found: [PageRange] = []
            while let run = runs.next() { found.append(run) }
            return found
        }
    }

    @Test("finds what a dictionary of pages holds", arguments: 1...8 as ClosedRange<UInt64>)
    func searches(seed: UInt64) {
        var twin = Twin(seed: seed)
        for step in 0..<3000 {
            twin.change()
            guard step % 10 == 0 else { continue }
            let start = twin.nextPage() / 64
            let filters: [(PageTable.Filter, Set<State>)] = [
                (.present, [.marker, .clean, .dirty, .awaitingClean]),
                (.reported, [.dirty, .awaitingClean]), (.clean, [.clean]),
            ]
            for (filter, states) in filters {
                let expected = twin.leaves { states.contains($0) }.filter { $0 >= start }
                #expect(
                    twin.found(filter, from: start) == expected,
                    "seed \(seed) step \(step) \(filter)"
                )
            }
            let window = twin.nextRange()
            #expect(
                twin.foundRuns(in: window) == twin.runs(in: window),
                "seed \(seed) step \(step)"
            )
            let all = PageRange(0, 1 << 52)
            #expect(twin.foundRuns(in: all) == twin.runs(in: all), "seed \(seed) step \(step)")
        }
        for page in twin.pages.keys where twin.table.leaf(page / 64) == nil {
            Issue.record("seed \(seed): the leaf of page \(page) is not found")
        }
        _ = twin.table.remove(PageRange(0, 1 << 52), alsoMarkers: true, into: &twin.freed)
        #expect(twin.table.root == nil)
    }
}
