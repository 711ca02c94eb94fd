import Foundation
import TestSupport
import Testing

// The contract of the calls, held against the library from C: each program checks a family of
// calls and says how many checks passed. Once as it is, once under AddressSanitizer.

@Suite("Contract in C", .serialized)
struct ContractTests {
    @Test("the checks pass", arguments: try programs())
    func contract(program: String) throws {
        try check(program, options: [])
    }

    @Test(
        "the checks pass under AddressSanitizer",
        .enabled(if: isSanitizerThere, "this machine's cc links no AddressSanitizer"),
        arguments: try programs()
    )
    func sanitized(program: String) throws {
        try check(program, options: ["-fsanitize=address", "-fno-omit-frame-pointer", "-O1"])
    }

    private func check(_ program: String, options: [String]) throws {
        try withTemporaryDirectory { folder in
            let output = try CProgram(program, in: folder, options: options).run()
            let name = program.dropLast(2)
            let last = output.split(separator: "\n").last ?? ""
            #expect(last.hasPrefix("\(name): "), "\(output)")
            #expect(last.hasSuffix(" checks passed, 0 failed"), "\(output)")
            #expect(!last.hasPrefix("\(name): 0 "))
        }
    }

    static func programs() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: CProgram.sources)
        let programs = names.filter { $0.hasPrefix("zircon_contract_") }.sorted()
        try #require(programs.count >= 5)
        return programs
    }

    static let isSanitizerThere: Bool = {
        let built = try? withTemporaryDirectory { folder in
            try CProgram("query_dirty_ranges.c", in: folder, options: ["-fsanitize=address"]).path
        }
        return built != nil
    }()
}
