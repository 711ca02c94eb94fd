import Testing

/// The reader that the style tests rely on: if it were blind, they would pass whatever there is.
@Suite("Reading Swift")
struct SwiftCodeTests {
    @Test(
        "comments and strings are blanked, code is not",
        arguments: [
            ("a // try!", "a "), ("a /* x /* y */ z */ b", "a  b"), (#"f("try!")"#, #"f("")"#),
            (#"f("\(g("x")) try!") + h"#, #"f("") + h"#), (##"f(#"a"b\n"#)"##, #"f("")"#),
            (#"f("\"try!")"#, #"f("")"#), (#"f("\\")try!"#, #"f("")try!"#),
            (#"f("\(a(b))c")try!"#, #"f("")try!"#),
        ]
    )
    func blanking(text: String, code: String) {
        #expect(SwiftCode(text).lines == [code])
    }

    @Test("line ends survive in comments and strings")
    func lineEnds() {
        let text = "a\n/* b\nc */ d\n\"\"\"\n try!\n \"\"\"\ne"
        #expect(SwiftCode(text).lines == ["a", "", " d", "\"", "", "\"", "e"])
    }

    @Test("functions are measured from their first line to their closing brace")
    func functions() {
        let text = """
            struct S {
                public init(a: Int) {
                    b()
                }

                @inlinable public static func long(
                    a: Int
                ) -> Int {
                    if x {
                        y
                    }
                }
                var property: Int { 1 }
                func short() {}
            }
            """
        let functions = SwiftCode(text).functions
        #expect(
            functions == [
                SwiftCode.Function(firstLine: 2, lineCount: 3),
                SwiftCode.Function(firstLine: 6, lineCount: 7),
            ]
        )
    }

    @Test("imports are seen with whatever stands before them")
    func imports() {
        let text = """
            import A
            internal import B
            @testable import C
            @_exported public import D.E
            import struct F.G
            let import_ = 1
            // import H
            """
        #expect(SourceTree.File(path: "x.swift", text: text).imports == ["A", "B", "C", "D", "F"])
    }
}
