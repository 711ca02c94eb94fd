// Goal: what the kernel keeps in its cache is never older than what it was told is written.
// Method: a cache that notes what it is told to forget.

import Support
import SystemPackage
import TestSupport
import Testing
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
}

/// A kernel's cache that holds nothing.
private final class NotingCache: KernelCache {
    let forgotten = Guarded<[ByteRange]>([], rank: .leaf)

    func handOver(_ node: NodeID, byteCount: UInt64) {}
    func handOverFromRequest(_ node: NodeID) -> Bool { true }
    func forgetAttributes(_ node: NodeID) {}
    func forgetSoon(_ node: NodeID, _ range: ByteRange) {}
    func forgetFromRequest(_ node: NodeID, _ range: ByteRange) {
        forgotten.withLock { $0.append(range) }
    }
}
