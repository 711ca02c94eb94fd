/// Runs the measurements that were asked for.
struct CoreBench {
    /// A round repeats what it measures until this long has passed, so that the clock is exact.
    private static let roundNanosecondsMin = 2e6

    let options: Options

    /// A measured result that is not what it must be.
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    func run() throws -> Results {
        var results = Results()
        try measureQueries(&results)
        try measureWrites(&results)
        try measureMemory(&results)
        return results
    }

    /// The values of each round, by column, the columns interleaved; each body returns how many
    /// units it did, and its value is the time for one.
    func rounds(_ columns: [(name: String, body: () throws -> Int)]) throws -> [String: [Double]] {
        var values: [String: [Double]] = [:]
        var repetitions = Array(repeating: 1, count: columns.count)
        // The first round warms up and finds how often each body must run.
        for round in 0...options.rounds {
            for (index, column) in columns.enumerated() {
                var units = 0
                var elapsed = 0.0
                while true {
                    units = 0
                    elapsed = try nanoseconds {
                        for _ in 0..<repetitions[index] { units += try column.body() }
                    }
                    if elapsed >= Self.roundNanosecondsMin || round > 0 { break }
                    repetitions[index] *= 2
                }
                if round > 0 {
                    values[column.name, default: []].append(elapsed / Double(max(units, 1)))
                }
            }
        }
        return values
    }
}
