import CHeap
import Support
import VMCore

// Metadata: bytes that malloc hands out, which frames are not part of.

extension CoreBench {
    func measureMemory(_ results: inout Results) throws {
        guard options.wants("memory") else { return }
        Main.report("memory")
        let frameCount = 1 << 16
        let before = cheap_used_bytes()
        let arena = try FrameArena(frameCount: frameCount)
        let perFrame = Double(cheap_used_bytes() - before) / Double(frameCount)
        add(&results, "arena", "bytes/frame", perFrame)

        let pager = Pager(arena: arena)
        let vmoCount = 1000
        let beforeVMOs = cheap_used_bytes()
        var vmos: [VirtualMemoryObject] = []
        for _ in 0..<vmoCount {
            vmos.append(try pager.createVMO(size: 1 << 60, options: [], source: Subject.NoSource()))
        }
        let perVMO = Double(cheap_used_bytes() - beforeVMOs) / Double(vmoCount)
        add(&results, "empty VMO of 1 EiB", "bytes", perVMO)

        for (name, run, gap) in [
            ("every page resident", UInt64(frameCount), UInt64(0)),
            ("1 MiB of each 2 MiB", 256, 256), ("every other page", 1, 1),
            ("16 KiB of each 1 MiB", 4, 252), ("one page of each 256 KiB", 1, 63),
            ("one page of each 2 MiB", 1, 511), ("one page of each 1 GiB", 1, (1 << 18) - 1),
        ] {
            let subject = try Subject(size: 1 << 60, frames: frameCount)
            let before = cheap_used_bytes()
            for index in 0..<UInt64(frameCount) / run {
                try subject.supply(PageRange(start: index * (run + gap), count: run))
            }
            add(
                &results,
                name,
                "bytes/page",
                Double(cheap_used_bytes() - before) / Double(frameCount)
            )
        }
        withExtendedLifetime(vmos) {}
    }

    private func add(_ results: inout Results, _ name: String, _ unit: String, _ value: Double) {
        results.add(
            Results.Row(group: "memory", name: name, unit: unit, values: ["metadata": [value]])
        )
    }
}
