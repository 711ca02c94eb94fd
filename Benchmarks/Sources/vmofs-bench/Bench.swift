import Foundation

/// Runs workloads on subjects, interleaved, and collects the rates.
struct Bench {
    static let blockBytes = 1 << 20
    static let pageBytes = 4096

    /// How much work a workload does.
    struct Sizes {
        var fileBytes = 256 << 20
        var randomCount = 20_000
        var syncCount = 200
        var fileCount = 1000
    }

    let subjects: [Subject]
    let workloads: [Workload]
    let rounds: Int
    let sizes: Sizes

    /// Rates by workload name and subject name, one for each round.
    func run() throws -> Results {
        var results = Results(subjects: subjects.map(\.name))
        for subject in subjects { try subject.start() }
        defer { for subject in subjects { try? subject.stop() } }
        for round in 0..<rounds {
            for workload in workloads {
                Bench.report("round \(round + 1)/\(rounds): \(workload.name)")
                for index in subjects.indices {
                    // Who comes first changes from round to round, so that no subject always
                    // has the quietest or the fullest disk.
                    let subject = subjects[(index + round) % subjects.count]
                    let rate = try measure(workload, on: subject)
                    results.add(rate, workload: workload, subject: subject.name)
                }
            }
        }
        return results
    }

    /// One workload once on one subject, in a directory of its own that is removed again.
    private func measure(_ workload: Workload, on subject: Subject) throws -> Double {
        let directory = subject.directory + "/work"
        try FileManager.default.createDirectory(
            atPath: directory,
            withIntermediateDirectories: false
        )
        try workload.prepare(sizes, directory)
        try subject.settle()
        if workload.caches == .cold {
            try subject.stop()
            try subject.start()
            try Bench.dropCaches()
        }
        let measurement = try workload.run(sizes, directory)
        try FileManager.default.removeItem(atPath: directory)
        try subject.settle()
        return measurement.rate
    }

    /// Whether this process may empty the kernel's caches.
    static var canDropCaches: Bool { unsafe access("/proc/sys/vm/drop_caches", W_OK) == 0 }

    /// Source: proc_sys_vm(5), drop_caches.
    private static func dropCaches() throws {
        let file = try OpenFile("/proc/sys/vm/drop_caches", O_WRONLY)
        try file.write(Array("3".utf8), at: 0)
        try file.close()
    }

    /// Progress goes to standard error; standard output is the table alone.
    static func report(_ line: String) {
        FileHandle.standardError.write(Data((line + "\n").utf8))
    }
}
