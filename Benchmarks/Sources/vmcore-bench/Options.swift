/// The command line of vmcore-bench, which `mount-scripts/bench --core` writes.
struct Options {
    /// How often each figure is measured; the median counts.
    var rounds = 5
    /// Figures whose group or name contains one of these words are measured; all if there is none.
    var only: [String] = []
    /// Columns of the queries that are measured; all if there is none.
    var columns: [String] = []
    var printsJSON = false

    /// What is wrong with a command line.
    struct UsageError: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--json": printsJSON = true
            case "--rounds":
                guard let number = rest.popFirst().flatMap({ Int($0) }), number > 0 else {
                    throw UsageError(description: "--rounds needs a number above 0")
                }
                rounds = number
            case "--only", "--columns":
                guard let words = rest.popFirst()?.split(separator: ",").map(String.init) else {
                    throw UsageError(description: "\(option) needs words")
                }
                if option == "--only" { only = words } else { columns = words }
            default: throw UsageError(description: "unknown option \(option)")
            }
        }
    }

    /// Whether a figure is wanted.
    func wants(_ name: String) -> Bool { only.isEmpty || only.contains { name.contains($0) } }

    /// Whether a column of the queries is wanted.
    func wantsColumn(_ name: String) -> Bool {
        columns.isEmpty || columns.contains(name)
    }
}
