import Support
import VMCore

// Writes and the rest of the hot path: nanoseconds for each page.
//
// SAFETY: the source of the written bytes lives for the call.

extension CoreBench {
    private static let pageCount: UInt64 = 1 << 16

    func measureWrites(_ results: inout Results) throws {
        guard options.wants("hot path") else { return }
        Main.report("hot path")
        let pages = Array(0..<Self.pageCount)
        var generator = Generator(seed: 3)
        for (name, order) in [
            ("ascending", pages), ("random order", pages.shuffled(using: &generator)),
        ] {
            var values: [String: [Double]] = [:]
            for round in 0...options.rounds {
                for (column, value) in try hotPath(order) where round > 0 {
                    values[column, default: []].append(value)
                }
            }
            results.add(
                Results.Row(group: "hot path", name: name, unit: "ns/page", values: values)
            )
        }
    }

    /// One round over a VMO of 256 MiB, the pages in `order`.
    private func hotPath(_ order: [UInt64]) throws -> [(String, Double)] {
        let size = Self.pageCount * pageSize
        let subject = try Subject(size: size, frames: order.count)
        let block = [UInt8](repeating: 1, count: 1 << 20)
        // Memory behind the frames, as the file system's prefaulter puts it there.
        _ = subject.arena.prefault(order.count)
        var frames = subject.arena.take(order.count)

        func write(_ page: UInt64, _ count: Int) throws {
            try unsafe block.withUnsafeBytes { bytes in
                _ = try unsafe subject.vmo.write(
                    UnsafeRawBufferPointer(rebasing: bytes[..<count]),
                    at: page * pageSize,
                    frames: &frames,
                    absentPages: .blank
                )
            }
        }
        var values: [(String, Double)] = []
        func measure(_ column: String, _ body: () throws -> Void) rethrows {
            values.append((column, try nanoseconds(body) / Double(order.count)))
        }
        try measure("write 4K, new") { for page in order { try write(page, 4096) } }
        try measure("write 4K, dirty") { for page in order { try write(page, 4096) } }
        try measure("write 8B, dirty") { for page in order { try write(page, 8) } }
        try measure("begin + end") { try subject.writeBack() }
        try measure("write 8B, clean") { for page in order { try write(page, 8) } }
        try subject.writeBack()
        try measure("write 4K, clean") { for page in order { try write(page, 4096) } }
        try measure("write 1M, dirty") {
            for page in order where page % 256 == 0 { try write(page, block.count) }
        }
        try measure("lease 128K") {
            for page in order where page % 32 == 0 {
                _ = try subject.vmo.leaseForRead(PageRange(start: page, count: 32))
            }
        }
        try subject.writeBack()
        measure("evict") { _ = subject.vmo.evictClean(order.count) }
        return values
    }
}
