// Goal: zeros cost neither memory nor I/O, and read as zeros everywhere afterwards.
// Method: zeros over nothing, over data and over flushed data, by write, truncate and fallocate.

import Storage
import Support
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("Zeros and holes")
struct ZeroTests {
    private let zeros = [UInt8](repeating: 0, count: 8 * page)

    @Test("a write of zeros is one zero range, takes no frame and writes nothing")
    func zeroWrite() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        for index in 0..<8 { try file.write(zeros, at: UInt64(index * zeros.count)) }
        #expect(try file.dirty() == [DirtyRun(start: 0, count: 64, isZero: true)])
        #expect(fixture.fileSystem.pager.statistics.residentPages.value == 0)
        try file.sync()
        #expect(fixture.fileSystem.engine.statistics.flushedBytes.value == 0)
        #expect(try fixture.backing("a") == [UInt8](repeating: 0, count: 64 * page))
        #expect(try fixture.blocks("a") == 0)
        #expect(try file.read() == [UInt8](repeating: 0, count: 64 * page))
    }

    @Test("zeros written over flushed data free its blocks")
    func zerosOverData() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(16 * page)
        try file.write(bytes, at: 0)
        try file.sync()
        let full = try fixture.blocks("a")
        try file.write(zeros, at: UInt64(4 * page))
        bytes.replaceSubrange(4 * page..<12 * page, with: zeros)
        #expect(try file.dirty() == [DirtyRun(start: 4, count: 8, isZero: true)])
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
        #expect(try fixture.blocks("a") == full - UInt64(8 * page / 512))
        #expect(try file.read() == bytes)
    }

    @Test("data and zeros in one write are told apart page by page")
    func mixedWrite() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(6 * page)
        bytes.replaceSubrange(page..<2 * page, with: zeros.prefix(page))
        bytes.replaceSubrange(4 * page..<5 * page, with: zeros.prefix(page))
        try file.write(bytes, at: 0)
        #expect(
            try file.dirty() == [
                DirtyRun(start: 0, count: 1), DirtyRun(start: 1, count: 1, isZero: true),
                DirtyRun(start: 2, count: 2), DirtyRun(start: 4, count: 1, isZero: true),
                DirtyRun(start: 5, count: 1),
            ]
        )
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
    }

    @Test("a shrink and a growth bring nothing back", arguments: [true, false])
    func shrinkAndGrow(isResident: Bool) throws {
        let fixture = try FileSystemFixture()
        let bytes = pattern(4 * page)
        try fixture.plant("a", bytes)
        let file = try fixture.open("a")
        if isResident { _ = try file.read() }
        let cut = page + 100
        try file.truncate(UInt64(cut))
        try file.truncate(UInt64(4 * page))
        let expected = Array(bytes.prefix(cut)) + [UInt8](repeating: 0, count: 4 * page - cut)
        #expect(try file.read() == expected)
        try file.sync()
        #expect(try fixture.backing("a") == expected)
    }

    @Test("a growth reaches the backing file as a hole")
    func grow() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.truncate(1 << 30)
        #expect(try file.dirty() == [DirtyRun(start: 0, count: 1 << 18, isZero: true)])
        try file.sync()
        let attributes = try fixture.fileSystem.store.root.attributes(ofChild: "a")
        #expect(attributes.size == 1 << 30)
        #expect(attributes.blocks == 0)
    }

    @Test("a growth within the last page changes only the size, and that is written back")
    func growWithinPage() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1, 2, 3], at: 0)
        try file.sync()
        try file.truncate(100)
        #expect(try file.dirty().isEmpty)
        #expect(fixture.fileSystem.dirtyFiles().count == 1)
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        #expect(try fixture.backing("a").count == 100)
    }

    @Test(
        "punching and zeroing ranges zero exactly the bytes asked for",
        arguments: [0x03, 0x10, 0x11]
    )
    func punch(mode: Int32) throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(8 * page)
        try file.write(bytes, at: 0)
        try file.sync()
        let range = 100..<5 * page + 7
        try file.allocate(mode, Int64(range.lowerBound), Int64(range.count))
        bytes.replaceSubrange(range, with: [UInt8](repeating: 0, count: range.count))
        #expect(try file.read() == bytes)
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
        #expect(try file.attributes.size == UInt64(8 * page))
    }

    @Test("zeroing beyond the end extends the file unless the size is to be kept")
    func zeroRangeExtends() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1], at: 0)
        try file.allocate(0x11, 0, 10_000)
        #expect(try file.attributes.size == 1)
        try file.allocate(0x10, 0, 10_000)
        #expect(try file.attributes.size == 10_000)
        #expect(try file.read() == [UInt8](repeating: 0, count: 10_000))
        #expect(throws: Errno.notSupported) { try file.allocate(0x08, 0, 4096) }
        #expect(throws: Errno.notSupported) { try file.allocate(0x02, 0, 4096) }
        #expect(throws: Errno.invalidArgument) { try file.allocate(0, 0, 0) }
    }

    @Test("fallocate reserves blocks, and writeback of zeros keeps them")
    func allocate() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.allocate(0, 0, 1 << 20)
        #expect(try file.attributes.size == 1 << 20)
        try file.sync()
        #expect(try fixture.blocks("a") >= (1 << 20) / 512)
        #expect(try file.read(count: 10) == [UInt8](repeating: 0, count: 10))
        try file.allocate(0x01, 1 << 20, 1 << 20)
        #expect(try file.attributes.size == 1 << 20)
    }

    @Test(
        "a cut gives back what was reserved beyond it, and nothing else",
        arguments: [true, false]
    )
    func allocateAndCut(isWrittenBack: Bool) throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.allocate(0, 0, 1 << 20)
        if isWrittenBack { try file.sync() }
        try file.truncate(1 << 18)
        let kept = UInt64(1 << 18) / 512
        // The file system may need a few blocks for itself.
        #expect((kept...kept + 64).contains(try fixture.blocks("a")))
        try file.write([UInt8](repeating: 0, count: 4 * page), at: 0)
        try file.sync()
        #expect(try fixture.blocks("a") >= kept)
        #expect(try fixture.backing("a") == [UInt8](repeating: 0, count: 1 << 18))
        try file.allocate(0x03, 0, 1 << 17)
        try file.sync()
        #expect(try fixture.blocks("a") <= kept / 2 + 64)
    }

    @Test("SEEK_DATA and SEEK_HOLE follow pages and backing file together")
    func seek() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.truncate(UInt64(64 * page))
        try file.write(pattern(2 * page), at: UInt64(8 * page))
        try file.sync()
        file.close()
        let again = try fixture.open("a")
        try again.write(pattern(page, seed: 3), at: UInt64(32 * page))
        try again.write([UInt8](repeating: 0, count: page), at: UInt64(8 * page))
        func seek(_ whence: Int32, _ number: Int) throws -> Int {
            let offset = try again.fileSystem.seek(
                again.open,
                node: again.node,
                offset: Int64(number * page),
                whence: whence
            )
            #expect(offset % pageSize == 0)
            return Int(offset / pageSize)
        }
        #expect(try seek(3, 0) == 9)
        #expect(try seek(4, 0) == 0)
        #expect(try seek(4, 9) == 10)
        #expect(try seek(3, 10) == 32)
        #expect(try seek(4, 32) == 33)
        #expect(throws: Errno.noSuchAddressOrDevice) { try seek(3, 33) }
        #expect(throws: Errno.noSuchAddressOrDevice) { try seek(4, 64) }
        #expect(throws: Errno.invalidArgument) { try seek(0, 0) }
    }

    @Test("a write is cut into zero pages and all else", arguments: WriteCase.all)
    func pieces(_ item: WriteCase) {
        let found = unsafe item.bytes.withUnsafeBytes {
            unsafe writePieces(of: $0, at: item.offset)
        }
        #expect(found == item.pieces, "\(item.name)")
    }
}

struct WriteCase: Sendable, CustomTestStringConvertible {
    let name: String
    let offset: UInt64
    let bytes: [UInt8]
    let pieces: [WritePiece]
    var testDescription: String { name }

    private static func zeros(_ count: Int) -> [UInt8] { [UInt8](repeating: 0, count: count) }

    private static func piece(_ start: Int, _ end: Int, _ isZero: Bool) -> WritePiece {
        WritePiece(range: ByteRange(UInt64(start), UInt64(end)), isZero: isZero)
    }

    private static func lastByte(_ count: Int) -> [UInt8] { zeros(count - 1) + [1] }

    static let all: [WriteCase] = [
        WriteCase(
            name: "few zero bytes",
            offset: 5,
            bytes: zeros(9),
            pieces: [piece(5, 14, false)]
        ),
        WriteCase(
            name: "one zero page",
            offset: 4096,
            bytes: zeros(4096),
            pieces: [piece(4096, 8192, true)]
        ),
        WriteCase(
            name: "a zero page with ragged ends",
            offset: 4000,
            bytes: zeros(4096 + 200),
            pieces: [piece(4000, 4096, false), piece(4096, 8192, true), piece(8192, 8296, false)]
        ),
        WriteCase(
            name: "only the last byte of a page is set",
            offset: 0,
            bytes: lastByte(4096) + zeros(4096),
            pieces: [piece(0, 4096, false), piece(4096, 8192, true)]
        ),
        WriteCase(
            name: "data around zeros",
            offset: 0,
            bytes: lastByte(8192) + zeros(8192) + lastByte(4096),
            pieces: [
                piece(0, 4096, true), piece(4096, 8192, false), piece(8192, 16384, true),
                piece(16384, 20480, false),
            ]
        ),
        WriteCase(
            name: "ragged data only",
            offset: 1,
            bytes: lastByte(4096),
            pieces: [piece(1, 4097, false)]
        ),
    ]
}
