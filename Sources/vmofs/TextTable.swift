/// Rows of text in columns that are as wide as their widest cell.
struct TextTable {
    enum Alignment { case left, right }

    private let alignments: [Alignment]
    private var rows: [[String]]

    /// Makes a table with a heading.
    init(_ columns: [(heading: String, alignment: Alignment)]) {
        alignments = columns.map(\.alignment)
        rows = [columns.map(\.heading)]
    }

    /// Makes a table without a heading.
    init(alignments: [Alignment]) {
        self.alignments = alignments
        rows = []
    }

    /// Adds a row of as many cells as there are columns.
    mutating func append(_ cells: [String]) {
        precondition(cells.count == alignments.count, "\(cells.count) cells")
        rows.append(cells)
    }

    /// The lines, two spaces between columns and none at the end; each ends in a newline.
    var text: String {
        let widths = alignments.indices.map { column in
            rows.map { $0[column].count }.max() ?? 0
        }
        var text = ""
        for row in rows {
            var line = ""
            for (column, cell) in row.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                if column > 0 { line += "  " }
                line += alignments[column] == .right ? padding + cell : cell + padding
            }
            while line.last == " " { line.removeLast() }
            text += line + "\n"
        }
        return text
    }
}
