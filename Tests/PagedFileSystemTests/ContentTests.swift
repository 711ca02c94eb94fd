// Goal: what is written is what is read, what is flushed is what was modified, and sizes are exact.
// Method: the calls of the kernel on a real directory, compared with the backing file byte by byte.

import Storage
import Support
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("Content")
struct ContentTests {
    @Test("a write is readable at once and reaches the backing file at fsync")
    func writeReadSync() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        let bytes = pattern(3 * page + 17)
        #expect(try file.write(bytes, at: 0) == bytes.count)
        #expect(try file.read() == bytes)
        #expect(try fixture.backing("a").isEmpty)
        #expect(try file.dirty() == [DirtyRun(start: 0, count: 4)])
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
        #expect(try file.dirty().isEmpty)
        fixture.expectNothingDirty()
    }

    @Test("three pages changed in a flushed file are three ranges and 12,288 bytes written")
    func onlyModifiedRuns() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(1024 * page)
        try file.write(bytes, at: 0)
        try file.sync()
        let before = fixture.lastFaulty.bytes(.write)
        let statistics = fixture.fileSystem.engine.statistics
        let flushed = statistics.flushedBytes.value
        for (index, number) in [3, 500, 1023].enumerated() {
            let change = pattern(page, seed: UInt64(100 + index))
            bytes.replaceSubrange(number * page..<(number + 1) * page, with: change)
            try file.write(change, at: UInt64(number * page))
        }
        let runs = [3, 500, 1023].map { DirtyRun(start: $0, count: 1) }
        #expect(try file.dirty() == runs)
        try file.sync()
        #expect(fixture.lastFaulty.bytes(.write) - before == 12288)
        #expect(statistics.flushedBytes.value - flushed == 12288)
        #expect(try fixture.backing("a") == bytes)
    }

    @Test("bytes beyond the size in the last page never reach the backing file")
    func tail() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1, 2, 3], at: 0)
        try file.sync()
        #expect(try fixture.backing("a") == [1, 2, 3])
        try file.write([9], at: 10)
        try file.sync()
        #expect(try fixture.backing("a") == [1, 2, 3, 0, 0, 0, 0, 0, 0, 0, 9])
    }

    @Test("absent pages are read from the backing file, and holes of it are zeros")
    func pageIn() throws {
        let fixture = try FileSystemFixture()
        let bytes = pattern(10 * page + 5)
        try fixture.plant("a", bytes)
        let file = try fixture.open("a")
        #expect(try file.read() == bytes)
        #expect(
            try file.read(at: UInt64(3 * page + 1), count: 10)
                == Array(bytes[(3 * page + 1)...].prefix(10))
        )
        #expect(try file.read(at: UInt64(bytes.count), count: 10).isEmpty)
        #expect(try file.dirty().isEmpty)
    }

    @Test("a partial write of an absent page keeps the rest of it")
    func partialWrite() throws {
        let fixture = try FileSystemFixture()
        var bytes = pattern(4 * page)
        try fixture.plant("a", bytes)
        let file = try fixture.open("a")
        try file.write([1, 2, 3, 4], at: UInt64(page - 2))
        bytes.replaceSubrange(page - 2..<page + 2, with: [1, 2, 3, 4])
        #expect(try file.read() == bytes)
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
    }

    @Test("a write of whole absent pages does not read them")
    func overwriteWithoutRead() throws {
        let fixture = try FileSystemFixture()
        try fixture.plant("a", pattern(8 * page))
        let file = try fixture.open("a")
        try file.write(pattern(4 * page, seed: 7), at: UInt64(2 * page))
        #expect(fixture.lastFaulty.calls(.read) == 0)
    }

    @Test("hard links share pages, and an open file outlives its names")
    func linksAndUnlink() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        _ = try fixture.fileSystem.makeLink("b", in: .root, to: file.node)
        try file.write([1, 2, 3], at: 0)
        let other = try fixture.open("b")
        #expect(other.node == file.node)
        #expect(try other.read() == [1, 2, 3])
        other.close()
        try fixture.fileSystem.remove("a", in: .root, isDirectory: false)
        try fixture.fileSystem.remove("b", in: .root, isDirectory: false)
        #expect(try file.attributes.linkCount == 0)
        try file.write([4], at: 3)
        #expect(try file.read() == [1, 2, 3, 4])
        try file.truncate(2)
        #expect(try file.read() == [1, 2])
        file.close()
        fixture.fileSystem.forget(file.node, count: 100)
        #expect(fixture.fileSystem.engine.statistics.flushedBytes.value == 0)
        #expect(fixture.lastFaulty.calls(.write) == 0)
        fixture.expectNothingDirty()
    }

    @Test("a file forgotten while dirty keeps its pages, and they are found again")
    func forgottenWhileDirty() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1, 2, 3], at: 0)
        file.close()
        fixture.fileSystem.forget(file.node, count: 1)
        let again = try fixture.open("a")
        #expect(try again.read() == [1, 2, 3])
        #expect(again.node == file.node)
        again.close()
        fixture.fileSystem.forget(again.node, count: 1)
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        #expect(try fixture.backing("a") == [1, 2, 3])
        // Clean now, so nothing holds it any more.
        #expect(throws: Errno.staleNFSFileHandle) { try again.attributes }
    }

    @Test("a change of the backing file from outside is noticed at open")
    func changedOutside() throws {
        let fixture = try FileSystemFixture()
        try fixture.plant("a", pattern(3 * page))
        let file = try fixture.open("a")
        _ = try file.read()
        file.close()
        let bytes = pattern(2 * page, seed: 9)
        try fixture.plant("a", bytes)
        let entry = try fixture.fileSystem.lookup("a", in: .root)
        let open = try fixture.fileSystem.open(entry.node, flags: 0)
        #expect(!open.keepsCache)
        let again = TestFile(
            fileSystem: fixture.fileSystem,
            node: entry.node,
            open: open.file
        )
        #expect(try again.read() == bytes)
    }

    @Test("the modification time stays what it was when the file is flushed")
    func times() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1], at: 0)
        let written = try file.attributes
        try file.sync()
        let flushed = try file.attributes
        #expect(flushed.modificationTime == written.modificationTime)
        #expect(flushed.changeTime == written.changeTime)
        // A sync leaves the time of its own write in the backing file; a flush mends that.
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        let backing = try fixture.fileSystem.store.root.attributes(ofChild: "a")
        #expect(backing.modificationTime == written.modificationTime)
        var change = AttributeChange()
        change.modificationTime = .set(FileTime(seconds: 1000, nanoseconds: 5))
        try file.setAttributes(change)
        try file.write([2], at: 1)
        try file.setAttributes(change)
        try file.sync()
        let set = try fixture.fileSystem.store.root.attributes(ofChild: "a")
        #expect(set.modificationTime == FileTime(seconds: 1000, nanoseconds: 5))
    }

    @Test("copy_file_range copies through pages and stops at the end of the source")
    func copyRange() throws {
        let fixture = try FileSystemFixture()
        let source = try fixture.create("a")
        let target = try fixture.create("b")
        let bytes = pattern(5 * page + 100)
        try source.write(bytes, at: 0)
        let copied = try fixture.fileSystem.copyRange(
            from: source.open,
            node: source.node,
            at: 10,
            to: target.open,
            node: target.node,
            at: 4000,
            count: 1 << 30,
            flags: 0
        )
        #expect(copied == UInt64(bytes.count - 10))
        #expect(try target.read(at: 4000) == Array(bytes.dropFirst(10)))
        #expect(try target.read(at: 0, count: 4000) == [UInt8](repeating: 0, count: 4000))
    }

    @Test("a copy that cannot go on says how far it came")
    func copyRangeInPart() throws {
        let fixture = try FileSystemFixture()
        let bytes = pattern(3 << 20)
        try fixture.plant("source", bytes)
        let source = try fixture.open("source")
        let target = try fixture.create("target")
        // The first mebibyte goes up to where no file can be longer, here or in the backing.
        let sizeMax = min(fixture.lastFaulty.sizeMax, UInt64(Int64.max) & ~(pageSize - 1))
        let start = sizeMax - 1 << 20
        let copied = try fixture.fileSystem.copyRange(
            from: source.open,
            node: source.node,
            at: 0,
            to: target.open,
            node: target.node,
            at: start,
            count: UInt64(bytes.count),
            flags: 0
        )
        #expect(copied == 1 << 20)
        #expect(try target.attributes.size == sizeMax)
        #expect(try target.read(at: start) == Array(bytes.prefix(1 << 20)))
        try target.truncate(0)
    }

    @Test("sizes up to 2^63-1 cost nothing, and beyond is EFBIG")
    func hugeSizes() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        #expect(throws: Errno.fileTooLarge) { try file.write([1], at: UInt64(Int64.max)) }
        #expect(throws: Errno.fileTooLarge) { try file.truncate(UInt64(Int64.max) + 1) }
        // On ext4 16 TiB less a block. Nothing larger may be promised: it could never be written.
        let sizeMax = fixture.lastFaulty.sizeMax
        #expect(sizeMax >= (16 << 40) - 4096)
        #expect(throws: Errno.fileTooLarge) { try file.truncate(sizeMax + 1) }
        #expect(throws: Errno.fileTooLarge) { try file.write([1], at: sizeMax) }
        #expect(throws: Errno.fileTooLarge) { try file.allocate(0x10, 0, Int64(sizeMax) &+ 1) }
        #expect(try file.attributes.size == 0)
        try file.truncate(sizeMax)
        #expect(try file.attributes.size == sizeMax)
        #expect(try file.read(at: 8 << 40, count: 3) == [0, 0, 0])
        try file.truncate(0)
        fixture.expectNothingDirty()
    }
}
