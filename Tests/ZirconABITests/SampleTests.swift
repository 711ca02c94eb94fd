import Foundation
import TestSupport
import Testing

// The samples that README.md points to, run as they are.

@Suite("C samples")
struct SampleTests {
    @Test("the loop over five ranges at a time lists them all")
    func queryDirtyRanges() throws {
        try withTemporaryDirectory { folder in
            let output = try CProgram("query_dirty_ranges.c", in: folder).run()
            var lines = stride(from: 0, to: 32, by: 3).map { page in
                Self.padded(page * 4096, 8) + " + " + Self.padded(4096, 6) + " data"
            }
            lines.append("  131072 +  32768 zero")
            lines.append("12 ranges")
            #expect(output == lines.joined(separator: "\n") + "\n")
        }
    }

    @Test("the write-back pager writes what was modified, and zeros as a hole")
    func writebackPager() throws {
        try withTemporaryDirectory { folder in
            let program = try CProgram("writeback_pager.c", in: folder)
            // Ten pages and a half; every byte is its page's number, from 1.
            var bytes: [UInt8] = []
            for page in 0..<10 { bytes += [UInt8](repeating: UInt8(page + 1), count: 4096) }
            bytes += [UInt8](repeating: 11, count: 2048)
            let file = folder.path(of: "file")
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            let output = try program.run(file)

            bytes.replaceSubrange(4094..<4099, with: Array("hello".utf8))
            bytes.replaceSubrange(8192..<16384, with: repeatElement(0, count: 8192))
            bytes[bytes.count - 1] = UInt8(ascii: "!")
            #expect(try Data(contentsOf: URL(fileURLWithPath: file)) == Data(bytes))
            #expect(
                output == """
                    flushed 0 + 8192
                    flushed 8192 + 8192 zero
                    flushed 40960 + 4096

                    """
            )
        }
    }

    @Test("the write-back pager says why it cannot open a file")
    func noFile() throws {
        try withTemporaryDirectory { folder in
            let program = try CProgram("writeback_pager.c", in: folder)
            let result = Result { try program.run(folder.path) }
            #expect(throws: ToolFailure.self) { try result.get() }
        }
    }

    @Test("a C++ program includes everything and runs")
    func cxx() throws {
        try withTemporaryDirectory { folder in
            let output = try CProgram("includes.cc", in: folder).run()
            #expect(output == "ZX_OK 4096\n")
        }
    }

    private static func padded(_ number: Int, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: " ", count: width - digits.count) + digits
    }
}
