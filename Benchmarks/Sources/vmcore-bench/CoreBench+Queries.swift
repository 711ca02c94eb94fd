import CHeap
import Support
import VMCore

// Dirty queries: nanoseconds for each range.

extension CoreBench {
    func measureQueries(_ results: inout Results) throws {
        for (sizeName, sizeBytes) in Shape.sizes {
            for runCount in Shape.runCounts {
                for layout in Shape.Layout.allCases {
                    for kind in Shape.Kind.allCases {
                        let shape = Shape(
                            sizeName: sizeName,
                            sizeBytes: sizeBytes,
                            runCount: runCount,
                            layout: layout,
                            kind: kind
                        )
                        if options.wants("query: " + shape.name) {
                            results.add(try measure(shape))
                        }
                    }
                }
            }
        }
        if options.wants("long run") { results.add(try measureLongRun()) }
        if options.wants("empty query") { results.add(try measureEmptyQuery()) }
    }

    private func measure(_ shape: Shape) throws -> Results.Row {
        var row = Results.Row(group: "query", name: shape.name, unit: "ns/range")
        guard shape.fits else { return row }
        Main.report("query: \(shape.name)")
        let subject = try Subject(size: shape.sizeBytes, frames: shape.runCount)
        let heapBefore = cheap_used_bytes()
        try subject.dirty(shape)
        let heapBytes = cheap_used_bytes() - heapBefore

        /// Checks the number of ranges, so that nothing wrong is called fast.
        func checked(_ count: Int) throws -> Int {
            guard count == shape.runCount else {
                throw Failure(description: "\(shape.name): \(count) ranges")
            }
            return count
        }
        let all = shape.runCount + 1
        var columns: [(name: String, body: () throws -> Int)] = [
            ("zx count", { try checked(try subject.count()) })
        ]
        for (name, step) in [("all", all), ("by 5", 5), ("by 512", 512)] where step <= all {
            columns.append(("vmo " + name, { try checked(try subject.queryVMO(capacity: step)) }))
            let query = { try checked(try subject.queryHandles(capacity: step)) }
            columns.append(("zx " + name, query))
        }
        row.values = try rounds(columns.filter { options.wantsColumn($0.name) })
        row.values?["bytes/run"] = [Double(heapBytes) / Double(shape.runCount)]
        return row
    }

    /// The query of a run as long as many leaves.
    private func measureLongRun() throws -> Results.Row {
        let pages = PageRange(0, 1 << 18)
        let subject = try Subject(size: 1 << 60, frames: Int(pages.count))
        try subject.supply(pages)
        try subject.dirtyResident(pages)
        return Results.Row(
            group: "long run",
            name: "1 EiB, its first 1 GiB dirty",
            unit: "ns/query",
            values: try rounds([("vmo all", { try subject.queryVMO(capacity: 512) })])
        )
    }

    /// A query of 1 EiB without a dirty page.
    private func measureEmptyQuery() throws -> Results.Row {
        let subject = try Subject(size: 1 << 60, frames: 1)
        return Results.Row(
            group: "empty query",
            name: "1 EiB, nothing dirty",
            unit: "ns/query",
            values: try rounds([
                ("vmo all", { try subject.queryVMO(capacity: 512) + 1 }),
                ("zx count", { try subject.count() + 1 }),
            ])
        )
    }
}
