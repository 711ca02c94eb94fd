import Foundation

/// What was measured: figures in groups, each figure with the value of each round.
struct Results {
    /// One line of the table; `values` by column.
    struct Row: Encodable {
        let group: String
        let name: String
        var unit: String
        /// Nil where the shape is impossible.
        var values: [String: [Double]]?
    }

    private(set) var rows: [Row] = []

    mutating func add(_ row: Row) { rows.append(row) }

    /// Every value as one JSON document.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(rows), as: UTF8.self)
    }

    /// Medians, one table for each group.
    func table() -> String {
        var groups: [String] = []
        for row in rows where !groups.contains(row.group) { groups.append(row.group) }
        return groups.map { group in
            let rows = rows.filter { $0.group == group }
            let columns = Set(rows.flatMap { ($0.values ?? [:]).keys }).sorted()
            var lines = [[group] + columns + ["unit"]]
            for row in rows {
                let cells = columns.map { column -> String in
                    guard let values = row.values else { return "does not fit" }
                    return values[column].map { Results.short(median($0)) } ?? "-"
                }
                lines.append([row.name] + cells + [row.unit])
            }
            return Results.aligned(lines)
        }.joined(separator: "\n\n")
    }

    private static func short(_ value: Double) -> String {
        String(format: abs(value) < 100 ? "%.1f" : "%.0f", value)
    }

    /// Columns as wide as their widest cell; the first is text, the others are flush right.
    private static func aligned(_ lines: [[String]]) -> String {
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        return lines.map { line in
            zip(line, widths).enumerated().map { column, cell in
                let padding = String(repeating: " ", count: cell.1 - cell.0.count)
                return column == 0 ? cell.0 + padding : padding + cell.0
            }.joined(separator: "  ")
        }.joined(separator: "\n")
    }
}

/// The middle value; of an even number of values, the mean of the two in the middle.
func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    let middle = sorted.count / 2
    return sorted.count.isMultiple(of: 2)
        ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
}

/// Nanoseconds of processor time that `body` took: others on the machine count little, and nothing
/// that is measured here waits.
func nanoseconds(_ body: () throws -> Void) rethrows -> Double {
    let start = processorNanoseconds()
    try body()
    return processorNanoseconds() - start
}

/// Source: clock_gettime(2), `CLOCK_THREAD_CPUTIME_ID`.
private func processorNanoseconds() -> Double {
    var time = timespec()
    unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}
