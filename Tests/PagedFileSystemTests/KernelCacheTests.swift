// Goal: what the kernel keeps in its cache is never older than what it was told is written.
// Method: a cache that notes what it is told to forget.

import Support
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("The kernel's cache")
struct KernelCacheTests {
    @Test("a direct write makes the kernel forget what it may have read meanwhile")
    func directWrite() throws {
        let fixture = try FileSystemFixture()
        let cache = NotingCache()
        fixture.fileSystem.attach(cache)
        let file = try fixture.create("a")
        try file.write(pattern(2 * page), at: 0)
        // Nobody has read, so there is nothing to forget.
        try file.write(pattern(page), at: pageSize, origin: .directIO)
        #expect(cache.forgotten.withLock { $0 }.isEmpty)
        _ = try file.read()
        try file.write(pattern(page), at: 0)
        #expect(cache.forgotten.withLock { $0 }.isEmpty)
        try file.write(pattern(page), at: pageSize, origin: .directIO)
        #expect(cache.forgotten.withLock { $0 } == [ByteRange(pageSize, 2 * pageSize)])
    }

    @Test("what it hands over is taken whole, or it hears of a failure and forgets all of it")
    func handedOverInPart() throws {
        let fixture = try FileSystemFixture(memoryBytes: 1 << 20)
        let cache = NotingCache()
        fixture.fileSystem.attach(cache)
        fixture.fileSystem.start()
        defer { fixture.fileSystem.stop() }
        let file = try fixture.create("a")
        fixture.lastFaulty.failAlways(.write, with: .ioError)
        #expect(throws: Errno.ioError) {
            try file.write(pattern(2 << 20), at: 0, origin: .kernelCache)
        }
        #expect(cache.forgottenSoon.withLock { $0 } == [ByteRange(0, 2 << 20)])
        fixture.lastFaulty.failAlways(.write, with: nil)
        try file.write(pattern(2 << 20), at: 0, origin: .kernelCache)
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        #expect(try fixture.backing("a") == pattern(2 << 20))
    }

    @Test("zeroing that fails makes it forget what may be zeros by now")
    func failedZeroing() throws {
        let fixture = try FileSystemFixture()
        let cache = NotingCache()
        fixture.fileSystem.attach(cache)
        let file = try fixture.create("a")
        try file.write(pattern(4 * page), at: 0)
        try file.sync()
        #expect(fixture.fileSystem.pager.reclaim(4) == 4)
        fixture.lastFaulty.failAlways(.read, with: .ioError)
        for mode in [0x03, 0x10] as [Int32] {
            #expect(throws: Errno.ioError) { try file.allocate(mode, 100, Int64(2 * page)) }
        }
        let range = ByteRange(100, 100 + 2 * pageSize)
        #expect(cache.forgotten.withLock { $0 } == [range, range])
    }
}

@Suite("What the kernel knows of blocks")
struct KernelBlocksTests {
    @Test("bytes from the kernel's cache make it ask for attributes, once until it has asked")
    func handedOver() throws {
        let fixture = try FileSystemFixture()
        let cache = NotingCache()
        fixture.fileSystem.attach(cache)
        let file = try fixture.create("a")
        try file.write(pattern(page), at: 0)
        #expect(cache.attributesForgotten.withLock { $0 } == 0)
        for index in 0..<3 as Range<UInt64> {
            try file.write(pattern(page), at: index * pageSize, origin: .kernelCache)
        }
        #expect(cache.attributesForgotten.withLock { $0 } == 1)
        #expect(try file.attributes.blocks == 3 * pageSize / 512)
        try file.write(pattern(page), at: 3 * pageSize, origin: .kernelCache)
        #expect(cache.attributesForgotten.withLock { $0 } == 2)
    }

    @Test("writeback that takes other blocks than were told makes it ask, too")
    func writtenBack() throws {
        let fixture = try FileSystemFixture()
        let cache = NotingCache()
        fixture.fileSystem.attach(cache)
        let file = try fixture.create("a")
        try file.write(pattern(4 * page), at: 0)
        #expect(try file.attributes.blocks == 4 * pageSize / 512)
        try fixture.fileSystem.sync(file.open, node: file.node, dataOnly: false)
        #expect(cache.attributesForgotten.withLock { $0 } == 0)
        try file.allocate(3, 0, Int64(2 * pageSize))
        _ = try file.attributes
        try fixture.fileSystem.sync(file.open, node: file.node, dataOnly: false)
        #expect(cache.attributesForgotten.withLock { $0 } == 1)
        #expect(try file.attributes.blocks == 2 * pageSize / 512)
    }
}

/// A kernel's cache that holds nothing.
private final class NotingCache: KernelCache {
    let forgotten = Guarded<[ByteRange]>([], rank: .leaf)
    let forgottenSoon = Guarded<[ByteRange]>([], rank: .leaf)
    let attributesForgotten = Guarded(0, rank: .leaf)

    func handOver(_ node: NodeID, byteCount: UInt64) {}
    func handOverFromRequest(_ node: NodeID) -> Bool { true }
    func forgetAttributes(_ node: NodeID) { attributesForgotten.withLock { $0 += 1 } }
    func forgetSoon(_ node: NodeID, _ range: ByteRange) {
        forgottenSoon.withLock { $0.append(range) }
    }
    func forgetFromRequest(_ node: NodeID, _ range: ByteRange) {
        forgotten.withLock { $0.append(range) }
    }
}
