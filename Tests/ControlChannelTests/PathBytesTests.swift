import ControlChannel
import Foundation
import Testing

/// Paths as bytes: nothing may be lost or misread, whatever a file is called.
@Suite("Paths as bytes")
struct PathBytesTests {
    @Test(
        "a path is relative to a directory only if it lies in it",
        arguments: [
            ("/a/b", "/a", "b"), ("/a", "/a", ""), ("/a/b/c", "/a", "b/c"), ("/", "/", ""),
            ("/a", "/", "a"), ("/ab", "/a", nil), ("/a", "/a/b", nil), ("/b", "/a", nil),
        ] as [(String, String, String?)]
    )
    func relative(path: String, base: String, expected: String?) {
        let result = PathBytes(path).relative(to: PathBytes(base))
        #expect(result == expected.map { PathBytes($0) })
    }

    @Test(
        "a name is appended with one slash",
        arguments: [
            ("/a", "b", "/a/b"), ("/", "b", "/b"), ("", "b", "b"), ("/a", "", "/a"),
        ]
    )
    func appending(path: String, name: String, expected: String) {
        #expect(PathBytes(path).appending(PathBytes(name)) == PathBytes(expected))
    }

    @Test("UTF-8 travels as a string, anything else as bytes, and both come back")
    func json() throws {
        let paths = [
            PathBytes("a/b"), PathBytes("caf\u{E9} \"\n"), PathBytes([]),
            PathBytes([0xFF, 0x2F, 0xC3]),
        ]
        let text = try jsonText(paths)
        #expect(text == #"["a/b","caf\#u{E9} \"\n","",[255,47,195]]"#)
        #expect(try JSONDecoder().decode([PathBytes].self, from: Data(text.utf8)) == paths)
    }

    @Test(
        "a path with a NUL is refused",
        arguments: [#""a\u0000b""#, "[97,0]", "[256]", "{}", "1"]
    )
    func malformed(text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(PathBytes.self, from: Data(text.utf8))
        }
    }
}
