import Foundation

/// The rates that were measured, and their summary as a table or as JSON.
struct Results {
    /// One workload's rates, by subject, one for each round.
    struct Row: Encodable {
        let workload: String
        let unit: String
        var rates: [String: [Double]] = [:]
    }

    let subjects: [String]
    private(set) var rows: [Row] = []

    init(subjects: [String]) {
        self.subjects = subjects
    }

    mutating func add(_ rate: Double, workload: Workload, subject: String) {
        let index: Int
        if let known = rows.firstIndex(where: { $0.workload == workload.name }) {
            index = known
        } else {
            index = rows.count
            rows.append(Row(workload: workload.name, unit: workload.unit.rawValue))
        }
        rows[index].rates[subject, default: []].append(rate)
    }

    /// All rates as one JSON document.
    func json() throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        return String(decoding: try encoder.encode(rows), as: UTF8.self)
    }

    /// Medians with their ranges, and how vmofs compares; 1.00x is a tie, more is faster.
    func table() -> String {
        let peers = subjects.filter { $0 != "vmofs" }
        let comparesVmofs = peers.count < subjects.count
        var lines: [[String]] = [["workload", "unit"]]
        lines[0] += subjects
        if comparesVmofs { lines[0] += peers.map { "vmofs/\($0)" } }
        for row in rows {
            var line = [row.workload, row.unit]
            line += subjects.map { Results.summary(row.rates[$0] ?? []) }
            if comparesVmofs {
                line += peers.map { Results.ratio(row.rates["vmofs"], row.rates[$0]) }
            }
            lines.append(line)
        }
        return Results.aligned(lines)
    }

    /// The middle value; of an even number of values, the mean of the two in the middle.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        let middle = sorted.count / 2
        return sorted.count.isMultiple(of: 2)
            ? (sorted[middle - 1] + sorted[middle]) / 2 : sorted[middle]
    }

    private static func summary(_ rates: [Double]) -> String {
        guard let lowest = rates.min(), let highest = rates.max() else { return "-" }
        return "\(short(median(rates))) (\(short(lowest))-\(short(highest)))"
    }

    private static func ratio(_ ours: [Double]?, _ theirs: [Double]?) -> String {
        guard let ours, let theirs else { return "-" }
        return String(format: "%.2fx", median(ours) / median(theirs))
    }

    private static func short(_ rate: Double) -> String {
        switch rate {
        case 10_000...: String(format: "%.1fk", rate / 1000)
        case 100...: String(format: "%.0f", rate)
        default: String(format: "%.1f", rate)
        }
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
