/// Swift source with comments and the insides of string literals blanked out, line by line, so
/// that a word in a text is not taken for code.
///
/// Reads what this project writes: nested comments, multi-line and raw strings. Code inside an
/// interpolation is blanked with its string.
struct SwiftCode {
    private(set) var lines: [String] = [""]

    init(_ text: String) {
        var rest = Substring(text)
        while !rest.isEmpty {
            if rest.hasPrefix("//") {
                skip(&rest, upTo: "\n", inclusive: false)
            } else if rest.hasPrefix("/*") {
                skipBlockComment(&rest)
            } else if let opening = stringOpening(rest) {
                skipString(&rest, opening: opening)
            } else {
                append(rest.removeFirst())
            }
        }
    }

    private mutating func append(_ character: Character) {
        if character == "\n" {
            lines.append("")
        } else {
            lines[lines.count - 1].append(character)
        }
    }

    /// Drops text but keeps its line ends.
    private mutating func drop(_ count: Int, from rest: inout Substring) {
        for character in rest.prefix(count) where character == "\n" { append(character) }
        rest = rest.dropFirst(count)
    }

    private mutating func skip(_ rest: inout Substring, upTo end: String, inclusive: Bool) {
        while !rest.isEmpty, !rest.hasPrefix(end) { drop(1, from: &rest) }
        if inclusive { drop(end.count, from: &rest) }
    }

    private mutating func skipBlockComment(_ rest: inout Substring) {
        var depth = 0
        repeat {
            if rest.hasPrefix("/*") {
                depth += 1
                drop(2, from: &rest)
            } else if rest.hasPrefix("*/") {
                depth -= 1
                drop(2, from: &rest)
            } else {
                drop(1, from: &rest)
            }
        } while depth > 0 && !rest.isEmpty
    }

    /// What a string literal here begins with: pound signs and one or three quotes.
    private func stringOpening(_ rest: Substring) -> (pounds: Int, quotes: Int)? {
        let pounds = rest.prefix { $0 == "#" }.count
        let quotes = rest.dropFirst(pounds)
        if quotes.hasPrefix("\"\"\"") { return (pounds, 3) }
        return quotes.hasPrefix("\"") ? (pounds, 1) : nil
    }

    private mutating func skipString(_ rest: inout Substring, opening: (pounds: Int, quotes: Int)) {
        let pounds = String(repeating: "#", count: opening.pounds)
        let end = String(repeating: "\"", count: opening.quotes) + pounds
        let escape = "\\" + pounds
        append("\"")
        drop(opening.pounds + opening.quotes, from: &rest)
        while !rest.isEmpty, !rest.hasPrefix(end) {
            if rest.hasPrefix(escape) {
                let afterEscape = rest.dropFirst(escape.count)
                if afterEscape.hasPrefix("(") {
                    drop(escape.count, from: &rest)
                    skipInterpolation(&rest)
                } else {
                    drop(escape.count + 1, from: &rest)
                }
            } else {
                drop(1, from: &rest)
            }
        }
        drop(end.count, from: &rest)
        append("\"")
    }

    /// Drops a parenthesised expression, which may hold strings of its own.
    private mutating func skipInterpolation(_ rest: inout Substring) {
        var depth = 0
        repeat {
            if let opening = stringOpening(rest) {
                skipString(&rest, opening: opening)
                // The blanked inner string left two quotes behind, which are no code either.
                lines[lines.count - 1].removeLast(2)
                continue
            }
            if rest.hasPrefix("(") { depth += 1 }
            if rest.hasPrefix(")") { depth -= 1 }
            drop(1, from: &rest)
        } while depth > 0 && !rest.isEmpty
    }
}

extension SwiftCode {
    /// A function, initialiser or the like, with the lines that its body takes.
    struct Function: Equatable {
        var firstLine: Int
        var lineCount: Int
    }

    /// The functions; a body is what stands between the brace that opens at the end of the
    /// declaration and the line that closes it at the same indentation, as the formatter puts it.
    var functions: [Function] {
        lines.indices.compactMap { start in
            guard Self.declaresFunction(lines[start]) else { return nil }
            let indentation = lines[start].prefix { $0 == " " }
            let opening = lines[start...].firstIndex { $0.hasSuffix("{") || $0.hasSuffix("}") }
            guard let opening, lines[opening].hasSuffix("{") else { return nil }
            let end = lines[(opening + 1)...].firstIndex { $0.hasPrefix(indentation + "}") }
            guard let end else { return nil }
            return Function(firstLine: start + 1, lineCount: end - start + 1)
        }
    }

    private static func declaresFunction(_ line: String) -> Bool {
        let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "@") }
        let modifiers: Set<Substring> = [
            "public", "package", "internal", "private", "fileprivate", "static", "final",
            "override", "mutating", "consuming", "borrowing", "nonisolated", "convenience",
            "required", "class", "nonmutating", "@inlinable", "@inline", "__always", "never",
            "@discardableResult", "@usableFromInline",
        ]
        guard let word = words.first(where: { !modifiers.contains($0) }) else { return false }
        return word == "func" || (word == "init" && line.contains("("))
            || (word == "deinit" && line.hasSuffix("{"))
    }
}
