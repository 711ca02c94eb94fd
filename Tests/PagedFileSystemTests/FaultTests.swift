// Goal: nothing dirty is lost, doubled or mixed up, whatever fails or happens in between.
// Method: scripted errors of the backing file, and gates in it that force one interleaving.

import Glibc
import Storage
import Support
import Synchronization
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("Faults and races")
struct FaultTests {
    @Test("a page written again between begin and end stays dirty and is flushed next")
    func redirtied() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(4 * page)
        try file.write(bytes, at: 0)
        let change = pattern(page, seed: 5)
        let isFirst = Atomic(true)
        fixture.lastFaulty.setGate(.write) { _ in
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            #expect(throws: Never.self) { try file.write(change, at: pageSize) }
        }
        try file.sync()
        #expect(try file.dirty() == [DirtyRun(start: 1, count: 1)])
        #expect(fixture.fileSystem.pager.statistics.redirtiedPages.value == 1)
        try file.sync()
        bytes.replaceSubrange(page..<2 * page, with: change)
        #expect(try fixture.backing("a") == bytes)
        fixture.expectNothingDirty()
    }

    @Test("a page zeroed between begin and end is a zero range afterwards")
    func zeroedMeanwhile() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        var bytes = pattern(4 * page)
        try file.write(bytes, at: 0)
        let isFirst = Atomic(true)
        fixture.lastFaulty.setGate(.write) { _ in
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            #expect(throws: Never.self) {
                try file.write([UInt8](repeating: 0, count: page), at: pageSize)
            }
        }
        try file.sync()
        #expect(try file.dirty() == [DirtyRun(start: 1, count: 1, isZero: true)])
        try file.sync()
        bytes.replaceSubrange(page..<2 * page, with: [UInt8](repeating: 0, count: page))
        #expect(try fixture.backing("a") == bytes)
        #expect(try file.read() == bytes)
    }

    @Test("a failed write leaves its pages dirty, and the next flush writes them")
    func failedWrite() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        let bytes = pattern(4 * page)
        try file.write(bytes, at: 0)
        fixture.lastFaulty.script(.write, [.ioError])
        #expect(throws: Errno.ioError) { try file.sync() }
        #expect(try file.dirty() == [DirtyRun(start: 0, count: 4)])
        let problem = fixture.fileSystem.dirtyFiles().first?.failure
        #expect(problem == FlushProblem(errno: .ioError, offset: 0, length: UInt64(4 * page)))
        try file.sync()
        #expect(try fixture.backing("a") == bytes)
        fixture.expectNothingDirty()
    }

    @Test("a failed hole leaves its range dirty, and the next flush makes it")
    func failedHole() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write(pattern(4 * page), at: 0)
        try file.sync()
        try file.write([UInt8](repeating: 0, count: 4 * page), at: 0)
        fixture.lastFaulty.script(.makeZero, [.ioError])
        #expect(throws: Errno.ioError) { try file.sync() }
        #expect(try file.dirty() == [DirtyRun(start: 0, count: 4, isZero: true)])
        try file.sync()
        #expect(try fixture.backing("a") == [UInt8](repeating: 0, count: 4 * page))
    }

    @Test("every open file hears of a failed writeback once, at fsync or close")
    func errorOnce() throws {
        let fixture = try FileSystemFixture()
        let first = try fixture.create("a")
        let second = try fixture.open("a")
        try first.write([1], at: 0)
        fixture.lastFaulty.script(.write, [.noSpace])
        let outcome = fixture.fileSystem.flushFiles(under: "")
        #expect(outcome.failures.map(\.failure.errno) == [.noSpace])
        func close(_ file: TestFile) throws {
            try fixture.fileSystem.flush(file.open, node: file.node)
        }
        #expect(throws: Errno.noSpace) { try close(first) }
        try close(first)
        #expect(throws: Errno.noSpace) { try second.sync() }
        try close(second)
        // Opened after the failure, so it does not concern this one.
        try close(fixture.open("a"))
    }

    @Test("a page-in that a truncate overtakes does not bring cut bytes back")
    func truncateDuringPageIn() throws {
        let fixture = try FileSystemFixture()
        let bytes = pattern(2 * page)
        try fixture.plant("a", bytes)
        let file = try fixture.open("a")
        let isFirst = Atomic(true)
        // The gates hold the fixture, whose directory would stay.
        defer { fixture.lastFaulty.setGate(.read, nil) }
        fixture.lastFaulty.setGate(.read) { [fixture] _ in
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            #expect(throws: Never.self) {
                try file.truncate(100)
                try file.truncate(UInt64(2 * page))
                // What the read under way still finds.
                try fixture.plantTail("a", pattern(50, seed: 4), at: 100)
            }
            fixture.lastFaulty.setGate(.read) { _ in
                #expect(throws: Never.self) { try fixture.plant("a", Array(bytes.prefix(100))) }
            }
        }
        let expected = Array(bytes.prefix(100)) + [UInt8](repeating: 0, count: 2 * page - 100)
        #expect(try file.read() == expected)
    }

    @Test("a page-in whose data goes while it looks for its end reads what is left")
    func cutDuringLook() throws {
        let fixture = try FileSystemFixture()
        try fixture.plant("a", pattern(4 * page))
        let file = try fixture.open("a")
        let path = fixture.directory.path(of: "a")
        fixture.lastFaulty.setGate(.holeStart) { _ in _ = unsafe truncate(path, 0) }
        #expect(try file.read() == [UInt8](repeating: 0, count: 4 * page))
    }

    @Test("a page-in that a writeback overtakes does not bring old data back")
    func writebackDuringPageIn() throws {
        let fixture = try FileSystemFixture()
        let old = pattern(2 * page)
        try fixture.plant("a", old)
        let file = try fixture.open("a")
        let new = pattern(2 * page, seed: 8)
        let isFirst = Atomic(true)
        // The gates hold the fixture, whose directory would stay.
        defer { fixture.lastFaulty.setGate(.read, nil) }
        fixture.lastFaulty.setGate(.read) { [fixture] _ in
            guard isFirst.exchange(false, ordering: .relaxed) else { return }
            #expect(throws: Never.self) {
                try file.write(new, at: 0)
                try file.sync()
                _ = fixture.fileSystem.pager.reclaim(100)
                _ = fixture.fileSystem.pager.reclaim(100)
                // What the read under way still finds.
                try fixture.plantTail("a", old, at: 0)
            }
            fixture.lastFaulty.setGate(.read) { _ in
                #expect(throws: Never.self) { try fixture.plantTail("a", new, at: 0) }
            }
        }
        #expect(try file.read() == new)
    }

    @Test("reads and writes of files larger than the memory stay right and within it")
    func smallMemory() throws {
        let fixture = try FileSystemFixture(memoryBytes: 4 << 20)
        fixture.fileSystem.start()
        defer { fixture.fileSystem.stop() }
        let file = try fixture.create("a")
        let step = 256 << 10
        for index in 0..<128 {
            try file.write(pattern(step, seed: UInt64(index)), at: UInt64(index * step))
        }
        for index in stride(from: 127, through: 0, by: -1) {
            let bytes = try file.read(at: UInt64(index * step), count: step)
            #expect(bytes == pattern(step, seed: UInt64(index)), "piece \(index)")
        }
        let arena = fixture.fileSystem.pager.arena
        #expect(arena.touchedCount <= arena.frameCount)
        #expect(fixture.fileSystem.pager.statistics.evictedPages.value > 0)
        try file.sync()
    }

    @Test("when nothing can be written, a full memory fails the writer instead of hanging it")
    func stuckWriter() throws {
        let fixture = try FileSystemFixture(memoryBytes: 1 << 20)
        fixture.fileSystem.start()
        defer { fixture.fileSystem.stop() }
        let file = try fixture.create("a")
        fixture.lastFaulty.failAlways(.write, with: .ioError)
        #expect(throws: Errno.ioError) {
            for index in 0..<16 { try file.write(pattern(256 << 10), at: UInt64(index) << 18) }
        }
        fixture.lastFaulty.failAlways(.write, with: nil)
        let size = try file.attributes.size
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        #expect(try fixture.backing("a").count == Int(size))
    }

    @Test("a file that is gone while the pager loop has it queued is flushed as nothing")
    func goneWhileQueued() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write(pattern(4 * page), at: 0)
        try file.write([UInt8](repeating: 0, count: 4 * page), at: UInt64(8 * page))
        try fixture.fileSystem.remove("a", in: .root, isDirectory: false)
        file.close()
        fixture.fileSystem.forget(file.node, count: 1)
        fixture.fileSystem.engine.flushQueued()
        #expect(fixture.lastFaulty.calls(.write) == 0)
        fixture.expectNothingDirty()
    }

    @Test("after changes are refused a drain leaves nothing, and nothing comes after it")
    func refusedChanges() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        let written = Counter()
        let writer = WorkerThread("writer") {
            while let count = try? file.write(pattern(page), at: UInt64(written.value)) {
                written.add(count)
            }
        }
        while written.value < 16 * page {
            #expect(fixture.fileSystem.drain(passCountMax: 1) { _, _ in true }.failures.isEmpty)
        }
        fixture.fileSystem.refuseChanges()
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        writer.join()
        #expect(try fixture.backing("a").count == written.value)
        #expect(throws: Errno.socketNotConnected) { try file.truncate(0) }
        #expect(throws: Errno.socketNotConnected) { try file.allocate(0, 0, 1 << 30) }
        fixture.expectNothingDirty()
    }

    @Test("the files that could not be drained are named and stay dirty")
    func drainFailure() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        try file.write([1], at: 0)
        fixture.lastFaulty.failAlways(.write, with: .noSpace)
        let outcome = fixture.fileSystem.drain { _, _ in true }
        #expect(outcome.failures.map(\.path) == ["a"])
        #expect(fixture.fileSystem.dirtyFiles().map(\.path) == ["a"])
        fixture.lastFaulty.failAlways(.write, with: nil)
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
    }
}

extension FileSystemFixture {
    /// Overwrites part of a backing file, past the file system.
    func plantTail(_ name: String, _ bytes: [UInt8], at offset: Int64) throws {
        let file = try FileDescriptor.open(FilePath(directory.path(of: name)), .writeOnly)
        _ = try file.closeAfter { try file.writeAll(toAbsoluteOffset: offset, bytes) }
    }
}
