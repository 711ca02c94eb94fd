import Testing

/// The rules of the house, held against the sources themselves.
///
/// Each test reads all files and names every place that breaks the rule, so that one run shows all
/// there is to mend.
@Suite("Style")
struct StyleTests {
    private let tree: SourceTree

    init() throws {
        tree = try SourceTree()
    }

    private var swiftFiles: [SourceTree.File] { tree.files.filter(\.isSwift) }

    @Test("the sources are found")
    func sourcesAreFound() {
        #expect(tree.files.contains { $0.path == "Sources/ControlChannel/ControlServer.swift" })
        #expect(tree.files.contains { $0.path == "Tests/StyleTests/StyleTests.swift" })
        #expect(tree.files.contains { $0.path == "Sources/CLinux/include/CLinux.h" })
    }

    @Test("the arrows between modules point one way")
    func rulesAreAcyclic() {
        var settled: Set<String> = []
        var waiting = StyleRules.imports
        while let next = waiting.first(where: { $0.value.isSubset(of: settled) })?.key {
            settled.insert(next)
            waiting[next] = nil
        }
        #expect(waiting.isEmpty, "a circle among \(waiting.keys.sorted())")
    }

    @Test("a module imports only what lies below it")
    func importArrows() {
        let own = Set(StyleRules.imports.keys)
        for file in swiftFiles {
            guard let module = file.module else { continue }
            guard let allowed = StyleRules.imports[module] else {
                Issue.record("\(file.path): the module has no rule")
                continue
            }
            for name in file.imports where own.contains(name) && name != module {
                #expect(allowed.contains(name), "\(file.path) imports \(name)")
            }
        }
    }

    @Test("Foundation and Dispatch stay out, and others' modules stay where they belong")
    func foreignImports() {
        for file in swiftFiles {
            guard let module = file.module else { continue }
            for name in file.imports {
                #expect(
                    !StyleRules.forbiddenImports.contains(name),
                    "\(file.path) imports \(name)"
                )
                if let users = StyleRules.foreignImports[name] {
                    #expect(users.contains(module), "\(file.path) imports \(name)")
                }
            }
        }
    }

    @Test("no file has more than 600 lines")
    func fileLength() {
        for file in tree.files {
            let count = file.lines.count
            #expect(count <= StyleRules.fileLinesMax, "\(file.path) has \(count) lines")
        }
    }

    @Test("no function has more than 70 lines")
    func functionLength() {
        for file in swiftFiles {
            for function in SwiftCode(file.text).functions {
                #expect(
                    function.lineCount <= StyleRules.functionLinesMax,
                    "\(file.path):\(function.firstLine) has \(function.lineCount) lines"
                )
            }
        }
    }

    @Test("no line has more than 100 columns")
    func lineLength() {
        for file in tree.files {
            for (index, line) in file.lines.enumerated() {
                #expect(
                    line.count <= StyleRules.lineColumnsMax,
                    "\(file.path):\(index + 1) has \(line.count) columns"
                )
            }
        }
    }

    @Test("sources are ASCII, without tabs, and end in a newline")
    func ascii() {
        for file in tree.files {
            for (index, line) in file.lines.enumerated() {
                let isPlain = line.utf8.allSatisfy { (0x20..<0x7F).contains($0) }
                #expect(isPlain, "\(file.path):\(index + 1) is not plain ASCII")
            }
            #expect(file.text.hasSuffix("\n"), "\(file.path) ends without a newline")
        }
    }

    @Test("a file of Sources with unsafe code says why it is safe, and no other does")
    func unsafeCodeIsExplained() {
        for file in swiftFiles where file.module != nil {
            let isUnsafe = SwiftCode(file.text).lines.contains { line in
                line.split { !($0.isLetter || $0 == "@") }.contains {
                    $0 == "unsafe" || $0 == "@unchecked"
                }
            }
            let isExplained = file.text.contains("// SAFETY:")
            if isUnsafe && !isExplained { Issue.record("\(file.path) has no SAFETY line") }
            if isExplained && !isUnsafe {
                Issue.record("\(file.path) explains unsafe code that is not there")
            }
        }
    }

    @Test("nothing is left to be done")
    func unfinishedWork() {
        for file in tree.files where !file.path.hasPrefix("Tests/StyleTests/") {
            for (index, line) in file.lines.enumerated() {
                let words = line.split { !($0.isLetter || $0.isNumber || $0 == "_") }
                for word in StyleRules.unfinishedWords where words.contains(Substring(word)) {
                    Issue.record("\(file.path):\(index + 1) says \(word)")
                }
            }
        }
    }

    @Test("no error is turned into a trap")
    func forcedTry() {
        for file in swiftFiles {
            for (index, line) in SwiftCode(file.text).lines.enumerated() {
                #expect(!line.contains("try!"), "\(file.path):\(index + 1) has try!")
            }
        }
    }

    @Test("a placeholder goes once its folder has real files")
    func placeholders() {
        for file in swiftFiles {
            let name = file.path.split(separator: "/").last ?? ""
            guard name.hasSuffix(".placeholder.swift") || name == "Empty.swift" else { continue }
            let folder = file.path.dropLast(name.count)
            let others = swiftFiles.filter { $0.path.hasPrefix(folder) }
            #expect(others.count == 1, "\(file.path) is not needed any more")
        }
    }
}
