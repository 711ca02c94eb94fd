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

/// A file system over a real temporary directory, without FUSE: the calls that the kernel would
/// make, with faults between it and the backing files.
///
/// Background writeback runs only if a test starts it, so what is dirty stays dirty.
final class FileSystemFixture: Sendable {
    let directory: TemporaryDirectory
    let fileSystem: PagedFileSystem
    /// Every backing file opened so far, in order.
    let faulty = Guarded<[FaultyFile]>([], rank: .leaf)
    static let caller = Caller(uid: 0, gid: 0, pid: 0, umask: 0o022)

    init(
        memoryBytes: UInt64 = 64 << 20,
        limits: WritebackLimits? = nil,
        inodeCountMax: Int? = nil,
        backingFileCountMax: Int? = nil,
        openBackingFileCountMax: Int? = nil
    ) throws {
        directory = try TemporaryDirectory()
        var options = PagedFileSystem.Options(
            limits: limits ?? WritebackLimits(memoryBytes: memoryBytes)
        )
        options.usesKernelWritebackCache = false
        options.inodeCountMax = inodeCountMax ?? options.inodeCountMax
        options.backingFileCountMax = backingFileCountMax ?? options.backingFileCountMax
        options.openBackingFileCountMax = openBackingFileCountMax ?? .max
        fileSystem = try PagedFileSystem(
            store: DirectoryStore(path: directory.path),
            options: options
        ) { [faulty] file in
            let wrapped = FaultyFile(file)
            faulty.withLock { $0.append(wrapped) }
            return wrapped
        }
    }

    /// The backing file opened last.
    var lastFaulty: FaultyFile { faulty.withLock { $0[$0.count - 1] } }

    /// Makes and opens a file.
    func create(_ name: FileName) throws -> TestFile {
        let (entry, open) = try fileSystem.create(
            name,
            in: .root,
            mode: 0o644,
            flags: 2,
            caller: Self.caller
        )
        return TestFile(fileSystem: fileSystem, node: entry.node, open: open.file)
    }

    /// Opens a file that is there.
    func open(_ name: FileName, flags: Int32 = 2) throws -> TestFile {
        let entry = try fileSystem.lookup(name, in: .root)
        let open = try fileSystem.open(entry.node, flags: flags)
        return TestFile(fileSystem: fileSystem, node: entry.node, open: open.file)
    }

    /// What the backing file holds, read past the file system.
    func backing(_ name: String) throws -> [UInt8] {
        let file = try FileDescriptor.open(FilePath(directory.path(of: name)), .readOnly)
        defer { try? file.close() }
        let size = Int(try file.seek(offset: 0, from: .end))
        var bytes = [UInt8](repeating: 0, count: size)
        let count = unsafe try bytes.withUnsafeMutableBytes {
            unsafe try file.read(fromAbsoluteOffset: 0, into: $0)
        }
        #expect(count == size)
        return bytes
    }

    /// Puts a file into the backing directory, past the file system.
    func plant(_ name: String, _ bytes: [UInt8]) throws {
        let file = try FileDescriptor.open(
            FilePath(directory.path(of: name)),
            .writeOnly,
            options: [.create, .truncate],
            permissions: [.ownerReadWrite]
        )
        try file.closeAfter { _ = try file.writeAll(bytes) }
    }

    /// Removes a file, past the file system.
    static func remove(_ path: String) throws {
        try #require(unsafe Glibc.unlink(path) == 0)
    }

    /// 512-byte blocks of the backing file.
    func blocks(_ name: FileName) throws -> UInt64 {
        try fileSystem.store.root.attributes(ofChild: name).blocks
    }

    /// Every gauge must be back at rest once nothing is dirty and nobody reads.
    func expectNothingDirty() {
        let gauges = fileSystem.pager.statistics
        #expect(gauges.dirtyPages.value == 0)
        #expect(gauges.dirtyZeroPages.value == 0)
        #expect(gauges.awaitingCleanPages.value == 0)
        #expect(fileSystem.dirtyFiles().isEmpty)
    }
}

/// An open file of a fixture.
struct TestFile: Sendable {
    let fileSystem: PagedFileSystem
    let node: NodeID
    let open: OpenFileID

    @discardableResult
    func write(
        _ bytes: [UInt8],
        at offset: UInt64,
        origin: WriteOrigin = .application
    ) throws -> Int {
        unsafe try bytes.withUnsafeBytes { buffer in
            unsafe try fileSystem.write(
                open,
                node: node,
                at: offset,
                from: buffer,
                origin: origin
            )
        }
    }

    func read(at offset: UInt64 = 0, count: Int = 1 << 24) throws -> [UInt8] {
        let reply = try fileSystem.read(open, node: node, at: offset, count: count)
        var bytes: [UInt8] = []
        unsafe reply.buffers.forEach { unsafe bytes.append(contentsOf: $0) }
        #expect(bytes.count == reply.byteCount)
        return bytes
    }

    func truncate(_ size: UInt64) throws {
        var change = AttributeChange()
        change.size = size
        try setAttributes(change)
    }

    func setAttributes(_ change: AttributeChange) throws {
        let caller = FileSystemFixture.caller
        _ = try fileSystem.setAttributes(change, of: node, caller: caller)
    }

    func allocate(_ mode: Int32, _ offset: Int64, _ length: Int64) throws {
        try fileSystem.allocate(open, node: node, mode: mode, offset: offset, length: length)
    }

    var attributes: FileAttributes {
        get throws { try fileSystem.attributes(of: node) }
    }

    /// The dirty ranges as (first page, pages, zero).
    func dirty() throws -> [DirtyRun] {
        try fileSystem.dirtyRanges(
            of: attributes,
            offset: 0,
            length: nil,
            limit: 10_000
        ).ranges.map {
            DirtyRun(
                start: $0.offset / pageSize,
                count: $0.length / pageSize,
                isZero: $0.options == DirtyRange.isZero
            )
        }
    }

    func sync() throws { try fileSystem.sync(open, node: node, dataOnly: false) }

    func close() { fileSystem.release(open, node: node) }
}

/// A dirty range in pages.
struct DirtyRun: Equatable {
    var start: UInt64
    var count: UInt64
    var isZero = false
}

/// Bytes that tell where they belong: no page of them is zero.
func pattern(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var generator = SeededGenerator(seed: seed)
    return generator.bytes(count)
}

let page = Int(pageSize)
