import Foundation
import Support
import SystemPackage
import Testing

@testable import ControlChannel

/// The documents that people's scripts read: their names are fixed by the design and are spelled
/// out here once more, so that a renamed property cannot rename a key.
@Suite("Documents")
struct MessageTests {
    private func keys(_ value: some Encodable) throws -> Set<String> {
        let object = try JSONSerialization.jsonObject(with: Data(jsonText(value).utf8))
        return Set(try #require(object as? [String: Any]).keys)
    }

    @Test("status --json has exactly the names of the design")
    func statusKeys() throws {
        let status = MountStatus(mountpoint: "/m", backing: "/b", pid: 1, version: "1")
        let names = """
            mountpoint backing pid page_size memory_bytes memory_limit_bytes resident_bytes \
            dirty_bytes dirty_zero_bytes writeback_bytes dirty_background_bytes \
            dirty_bytes_limit frozen vmos open_files written_bytes flushed_bytes flushed_runs \
            zero_bytes_skipped hole_punched_bytes redirtied_pages page_requests_read \
            page_requests_dirty supplied_bytes evicted_pages throttled_milliseconds \
            writeback_errors files overhead_limit_bytes version trace_dropped
            """
        #expect(try keys(status) == Set(names.split(separator: " ").map(String.init)))
    }

    @Test("a file's status has its error, or null")
    func fileStatus() throws {
        var file = FileStatus(
            path: "a",
            dirtyBytes: 1,
            dirtyZeroBytes: 2,
            writebackBytes: 3,
            oldestDirtyMilliseconds: 4
        )
        #expect(
            try jsonText(file)
                == #"{"dirty_bytes":1,"dirty_zero_bytes":2,"error":null,"#
                + #""oldest_dirty_milliseconds":4,"path":"a","writeback_bytes":3}"#
        )
        file.error = FileError(file: "a", error: .noSpace, offset: 4096, length: 8192)
        let text = try jsonText(file)
        #expect(text.contains(#""error":{"errno":28,"file":"a","length":8192,"message":""#))
        #expect(try JSONDecoder().decode(FileStatus.self, from: Data(text.utf8)) == file)
    }

    @Test("dirty --json has exactly the names of the design")
    func dirtyReport() throws {
        let report = DirtyReport(
            file: "dir/f",
            pageSize: 4096,
            vmoSize: .max,
            contentSize: 5,
            ranges: [.init(offset: 0, length: 4096, options: 1)],
            avail: 7
        )
        #expect(
            try jsonText(report)
                == #"{"actual":1,"avail":7,"content_size":5,"file":"dir/f","page_size":4096,"#
                + #""ranges":[{"length":4096,"offset":0,"options":1}],"#
                + #""vmo_size":18446744073709551615}"#
        )
        let text = try jsonText(report)
        #expect(try JSONDecoder().decode(DirtyReport.self, from: Data(text.utf8)) == report)
    }

    @Test("an event is one flat object, whole numbers among its fields as numbers")
    func traceRecord() throws {
        var event = PageEvent(
            .error,
            file: "f",
            offset: 1,
            length: 2,
            fields: ["errno": "28", "reason": "no space", "code": "007", "file": "hidden"]
        )
        event.time = 5
        let record = TraceRecord(event)
        let text = try jsonText(record)
        #expect(
            text == #"{"code":"007","errno":28,"event":"error","file":"f","length":2,"#
                + #""offset":1,"reason":"no space","time":5}"#
        )
        var expected = record
        expected.fields["file"] = nil
        #expect(try JSONDecoder().decode(TraceRecord.self, from: Data(text.utf8)) == expected)
    }

    @Test("an error names its bytes as a range, and survives numbers out of range")
    func rangeDescription() {
        let whole = FileError(file: "f", error: .ioError, offset: 0, length: 0)
        #expect(whole.rangeDescription == "\(Errno.ioError.description)")
        let part = FileError(file: "f", error: .ioError, offset: 4096, length: 4096)
        #expect(part.rangeDescription.hasPrefix("bytes [4096,8192): "))
        let wild = FileError(file: "f", error: .ioError, offset: .max, length: .max)
        #expect(wild.rangeDescription.hasPrefix("bytes [\(UInt64.max),"))
    }

    @Test("every request comes back as it was sent, on one line")
    func requests() throws {
        let file = FileReference(inode: .max, path: PathBytes([0xFF, 0x0A]))
        let requests: [ControlRequest] = [
            .status, .dirty(query: DirtyQuery(file: file, offset: 1, length: 2, limit: 3)),
            .dirty(query: DirtyQuery(file: file)), .filesOpenForWriting(under: file),
            .flush(files: [file, file]), .freeze, .thaw, .unmount(timeoutMilliseconds: nil),
            .unmount(timeoutMilliseconds: 0), .trace,
        ]
        for request in requests {
            let bytes = try encodeJSON(ControlMessage(protocol: 1, request: request))
            #expect(!bytes.contains(UInt8(ascii: "\n")))
            let back = try decodeJSON(ControlMessage.self, from: bytes)
            #expect(try encodeJSON(back) == bytes)
            #expect("\(back.request)" == "\(request)")
        }
    }

    @Test(
        "a question about bytes is rounded outward to pages",
        arguments: [
            (0, nil, 0, nil), (1, nil, 0, nil), (4096, nil, 4096, nil), (5000, 1, 4096, 4096),
            (4095, 2, 0, 8192), (0, 4096, 0, 4096), (0, 0, 0, 0), (10, 0, 0, 4096),
        ] as [(UInt64, UInt64?, UInt64, UInt64?)]
    )
    func rounding(offset: UInt64, length: UInt64?, start: UInt64, count: UInt64?) throws {
        let file = FileReference(inode: 1, path: PathBytes("f"))
        let query = try DirtyQuery(file: file, offset: offset, length: length).roundedOutward()
        #expect(query.offset == start)
        #expect(query.length == count)
    }

    @Test("a question that ends beyond every offset is refused")
    func roundingOverflow() {
        let file = FileReference(inode: 1, path: PathBytes("f"))
        for (offset, length) in [(UInt64.max, UInt64(2)), (1, .max), (UInt64.max - 4000, 4000)] {
            #expect(throws: Errno.invalidArgument) {
                try DirtyQuery(file: file, offset: offset, length: length).roundedOutward()
            }
        }
    }
}
