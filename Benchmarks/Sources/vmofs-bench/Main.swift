import Foundation

/// Measures file systems side by side; `mount-scripts/bench --help` explains it.
@main
struct Main {
    static func main() {
        do {
            try run(Options(Array(CommandLine.arguments.dropFirst())))
        } catch {
            Bench.report("vmofs-bench: \(error)")
            exit(error is Options.UsageError ? 64 : 1)
        }
    }

    private static func run(_ options: Options) throws {
        let workloads = try selectWorkloads(options)
        if options.listsWorkloads {
            print(workloads.map(\.name).joined(separator: "\n"))
            return
        }
        guard !options.scratch.isEmpty else {
            throw Options.UsageError(description: "--directory is needed")
        }
        let bench = Bench(
            subjects: try makeSubjects(options),
            workloads: workloads,
            rounds: options.rounds,
            sizes: options.sizes
        )
        let results = try bench.run()
        print(options.printsJSON ? try results.json() : results.table())
    }

    /// The workloads whose names contain one of the wanted words.
    private static func selectWorkloads(_ options: Options) throws -> [Workload] {
        let selected = Workload.all.filter { workload in
            options.only.isEmpty || options.only.contains { workload.name.contains($0) }
        }
        if selected.isEmpty {
            throw Options.UsageError(description: "no workload matches --only (see --list)")
        }
        if Bench.canDropCaches { return selected }
        Bench.report("Without root the cold reads are left out: they must empty the caches.")
        return selected.filter { $0.caches == .warm }
    }

    private static func makeSubjects(_ options: Options) throws -> [Subject] {
        var subjects: [Subject] = []
        if !options.vmofsBinary.isEmpty {
            subjects.append(
                try .vmofs(
                    binary: options.vmofsBinary,
                    options: options.vmofsOptions,
                    in: options.scratch
                )
            )
        }
        if !options.passthroughBinary.isEmpty {
            subjects.append(
                try .passthrough(
                    binary: options.passthroughBinary,
                    options: options.passthroughOptions,
                    in: options.scratch
                )
            )
        }
        subjects.append(try .plain(in: options.scratch))
        return subjects
    }
}
