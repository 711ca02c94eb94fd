import Foundation

/// The sources of this package, found from where this file was compiled.
struct SourceTree {
    /// A source file and its lines.
    struct File {
        /// The path below the package's root.
        var path: String
        var text: String
        var lines: [Substring]
        var isSwift: Bool { path.hasSuffix(".swift") }
        /// The module, for files in Sources/MODULE.
        var module: String? {
            let parts = path.split(separator: "/")
            return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : nil
        }
    }

    var files: [File]

    /// Reads every source file below `Sources`, `Tests` and `Benchmarks`.
    init(sourceFile: String = #filePath) throws {
        let root = URL(fileURLWithPath: sourceFile)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        files = []
        for folder in ["Sources", "Tests", "Benchmarks"] {
            let place = root.appendingPathComponent(folder).path
            guard let names = FileManager.default.enumerator(atPath: place) else { continue }
            for case let name as String in names where Self.isSource(name) {
                let text = try String(contentsOfFile: "\(place)/\(name)", encoding: .utf8)
                files.append(File(path: "\(folder)/\(name)", text: text))
            }
        }
        files.sort { $0.path < $1.path }
    }

    private static func isSource(_ name: String) -> Bool {
        if name.split(separator: "/").contains(where: { $0.hasPrefix(".") }) { return false }
        return [".swift", ".c", ".h"].contains { name.hasSuffix($0) }
    }
}

extension SourceTree.File {
    init(path: String, text: String) {
        self.path = path
        self.text = text
        lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    }

    /// The modules that are imported, whatever the access level or attributes of the import.
    var imports: [String] {
        lines.compactMap { line in
            let words = line.split(separator: " ")
            guard let position = words.firstIndex(of: "import") else { return nil }
            let before = words[..<position]
            let isImport = before.allSatisfy { word in
                word.hasPrefix("@") || ["public", "package", "internal", "private"].contains(word)
            }
            guard isImport, position + 1 < words.count else { return nil }
            let kinds = ["struct", "class", "enum", "func", "let", "var", "protocol", "typealias"]
            let isOfOneName = kinds.contains(String(words[position + 1]))
            let name = words[min(position + (isOfOneName ? 2 : 1), words.count - 1)]
            return name.split(separator: ".").first.map(String.init)
        }
    }
}
