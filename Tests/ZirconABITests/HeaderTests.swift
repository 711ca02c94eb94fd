import Foundation
import TestSupport
import Testing

// The headers of libzircon and what the library shows of itself: compiled in every standard that
// is promised, and compared name by name.

@Suite("Headers of libzircon")
struct HeaderTests {
    @Test(
        "all headers compile without a warning",
        arguments: [
            ("cc", "c11", "query_dirty_ranges.c"), ("cc", "c17", "query_dirty_ranges.c"),
            ("cc", "gnu17", "query_dirty_ranges.c"), ("c++", "c++17", "includes.cc"),
            ("c++", "c++20", "includes.cc"), ("c++", "gnu++20", "includes.cc"),
        ]
    )
    func compile(compiler: String, standard: String, source: String) throws {
        let options = ["-std=\(standard)", "-fsyntax-only", "-I", CProgram.headers]
        try runTool(
            compiler,
            options + CProgram.warnings + ["\(CProgram.sources)/\(source)"]
        )
    }

    @Test("each header stands alone", arguments: try headerNames())
    func alone(header: String) throws {
        try withTemporaryDirectory { folder in
            let source = folder.path(of: "one.c")
            try "#include <zircon/\(header)>\nint main(void) { return 0; }\n"
                .write(toFile: source, atomically: false, encoding: .utf8)
            try runTool(
                "cc",
                ["-std=c11", "-fsyntax-only", "-I", CProgram.headers] + CProgram.warnings + [source]
            )
        }
    }

    @Test("the library has the calls of the headers, and shows nothing else")
    func symbols() throws {
        let listing = try runTool("nm", ["-D", "--defined-only", CProgram.library])
        let shown = listing.split(separator: "\n").compactMap { line in
            line.split(separator: " ").last.map(String.init)
        }
        var declared: Set<String> = []
        let declaration = /^[a-z].*?\b(zx_\w+)\(/
        for header in try Self.headerNames() {
            let path = "\(CProgram.headers)/zircon/\(header)"
            let text = try String(contentsOfFile: path, encoding: .utf8)
            for line in text.split(separator: "\n") where !line.hasPrefix("typedef") {
                if let match = line.firstMatch(of: declaration) {
                    declared.insert(String(match.1))
                }
            }
        }
        #expect(declared.count > 30)
        #expect(Set(shown) == declared)
    }

    @Test("the library is known by its plain name")
    func soname() throws {
        let dynamic = try runTool("readelf", ["-d", CProgram.library])
        #expect(dynamic.contains("Library soname: [libzircon.so]"))
    }

    /// Paths below include/zircon.
    static func headerNames() throws -> [String] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(CProgram.headers)/zircon")
            .filter { $0.hasSuffix(".h") }
            .sorted()
    }
}
