import Storage
import Support
import Synchronization
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

// More files than the daemon keeps inodes of: those that are not used go and are found again.
@Suite("Many files")
struct ManyFilesTests {
    private static let inodeCountMax = 32
    private let fixture: FileSystemFixture
    private var fileSystem: PagedFileSystem { fixture.fileSystem }

    init() throws {
        fixture = try FileSystemFixture(inodeCountMax: Self.inodeCountMax)
    }

    /// Whether inodes can go here; says so if not.
    private var areHandlesUsable: Bool {
        if fileSystem.store.root.handle != nil { return true }
        print("no file handles for this process here: inodes stay in memory")
        return false
    }

    /// Looks up so many other files that no inode of before stays, but what must.
    private func pushOut() throws {
        let root = NodeID.root
        let name: FileName = "others"
        let caller = FileSystemFixture.caller
        let others: NodeID
        if let entry = try? fileSystem.lookup(name, in: root) {
            others = entry.node
        } else {
            others = try fileSystem.makeDirectory(name, in: root, mode: 0o755, caller: caller).node
            for index in 0..<(4 * Self.inodeCountMax) {
                let name = fileName("\(index)")
                let mode: UInt32 = 0o100644
                let entry = try fileSystem.makeNode(
                    name,
                    in: others,
                    mode: mode,
                    device: 0,
                    caller: caller
                )
                fileSystem.forget(entry.node, count: 1)
            }
        }
        for index in 0..<(4 * Self.inodeCountMax) {
            _ = try fileSystem.lookup(fileName("\(index)"), in: others)
        }
    }

    @Test("nodeids stay good for far more files than there are inodes in memory")
    func nodeids() throws {
        guard areHandlesUsable else { return }
        var nodes: [NodeID] = []
        for index in 0..<500 {
            let file = try fixture.create(fileName("file-\(index)"))
            try file.write(pattern(100, seed: UInt64(index)), at: 0)
            file.close()
            nodes.append(file.node)
        }
        #expect(fileSystem.drain { _, _ in true }.failures.isEmpty)
        // Those that were dirty go a few at a time.
        for _ in 0..<5 { try pushOut() }
        let others = fileSystem.inodes.counts.known - 501
        #expect(fileSystem.inodes.counts.cached <= 2 * Self.inodeCountMax)
        for (index, node) in nodes.enumerated() {
            #expect(try fileSystem.attributes(of: node).size == 100)
            let open = try fileSystem.open(node, flags: 0).file
            let file = TestFile(fileSystem: fileSystem, node: node, open: open)
            #expect(try file.read() == pattern(100, seed: UInt64(index)))
            file.close()
            #expect(fileSystem.inodes.counts.cached <= 2 * Self.inodeCountMax)
        }
        for node in nodes { fileSystem.forget(node, count: 1) }
        #expect(fileSystem.inodes.counts.known == 1 + others)
        #expect(throws: Errno.staleNFSFileHandle) { try fileSystem.attributes(of: nodes[0]) }
    }

    @Test("what is dirty or open stays, whatever comes")
    func kept() throws {
        let files = try (0..<100).map { try fixture.create(fileName("file-\($0)")) }
        for file in files { try file.write(pattern(5000), at: 0) }
        for file in files.prefix(50) { file.close() }
        try pushOut()
        #expect(fileSystem.dirtyFiles().count == 100)
        #expect(fileSystem.drain { _, _ in true }.failures.isEmpty)
        for index in 0..<100 { #expect(try fixture.backing("file-\(index)") == pattern(5000)) }
        fixture.expectNothingDirty()
        try files[99].write([1], at: 0)
        #expect(try files[99].dirty() == [DirtyRun(start: 0, count: 1)])
        for file in files.suffix(50) { file.close() }
    }

    @Test("a file that was removed while its inode was not in memory lives on for the kernel")
    func removed() throws {
        let file = try fixture.create("file")
        file.close()
        let root = NodeID.root
        let directory = try fileSystem.makeDirectory(
            "directory",
            in: root,
            mode: 0o755,
            caller: FileSystemFixture.caller
        ).node
        _ = fileSystem.drain { _, _ in true }
        try pushOut()
        try fileSystem.remove("file", in: root, isDirectory: false)
        try fileSystem.remove("directory", in: root, isDirectory: true)
        try pushOut()
        #expect(try fileSystem.attributes(of: file.node).linkCount == 0)
        #expect(try fileSystem.attributes(of: directory).linkCount == 0)
        fileSystem.forget(file.node, count: 1)
        #expect(throws: Errno.staleNFSFileHandle) { try fileSystem.attributes(of: file.node) }
    }

    @Test("paths are known of files whose inodes went and came, also after renames")
    func paths() throws {
        let caller = FileSystemFixture.caller
        let root = NodeID.root
        let a = try fileSystem.makeDirectory("a", in: root, mode: 0o755, caller: caller).node
        let b = try fileSystem.makeDirectory("b", in: root, mode: 0o755, caller: caller).node
        let made = try fileSystem.create("f", in: a, mode: 0o644, flags: 2, caller: caller)
        fileSystem.release(made.1.file, node: made.0.node)
        _ = fileSystem.drain { _, _ in true }
        try pushOut()
        try fileSystem.rename("f", in: a, to: "g", in: b, flags: 0)
        try fileSystem.rename("b", in: root, to: "c", in: a, flags: 0)
        try pushOut()
        let open = try fileSystem.open(made.0.node, flags: 2).file
        let file = TestFile(fileSystem: fileSystem, node: made.0.node, open: open)
        try file.write([1, 2, 3], at: 0)
        #expect(fileSystem.dirtyFiles().map(\.path) == ["a/c/g"])
        file.close()
    }

    @Test("a file replaced from outside is found under its name, whatever inode number it got")
    func replacedOutside() throws {
        try fixture.plant("file", [1])
        let first = try fixture.open("file")
        #expect(try first.read() == [1])
        first.close()
        try pushOut()
        try FileSystemFixture.remove(fixture.directory.path(of: "file"))
        try fixture.plant("file", [2, 3])
        let second = try fixture.open("file")
        #expect(try second.read() == [2, 3])
        second.close()
    }

    @Test("dirty files that nobody has open do not hold more descriptors than they may")
    func backingFiles() throws {
        let fixture = try FileSystemFixture(backingFileCountMax: 10)
        for index in 0..<100 {
            let file = try fixture.create(fileName("file-\(index)"))
            try file.write(pattern(10, seed: UInt64(index)), at: 0)
            file.close()
        }
        let counts = fixture.fileSystem.counts
        #expect(fixture.fileSystem.dirtyFiles().count == 100)
        #expect(counts.backingFiles.value <= 10)
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        #expect(counts.backingFiles.value == 0)
        for index in 0..<100 {
            #expect(try fixture.backing("file-\(index)") == pattern(10, seed: UInt64(index)))
        }
    }

    @Test("more files may be open than there are descriptors, also without a name")
    func openFiles() throws {
        let fixture = try FileSystemFixture(openBackingFileCountMax: 10)
        let counts = fixture.fileSystem.counts
        var files = try (0..<100).map { try fixture.create(fileName("file-\($0)")) }
        for index in 0..<20 {
            let name = fileName("file-\(index)")
            try fixture.fileSystem.remove(name, in: .root, isDirectory: false)
        }
        let unnamed = try fixture.fileSystem.createUnnamed(
            in: .root,
            mode: 0o600,
            flags: 2,
            caller: FileSystemFixture.caller
        )
        files.append(
            TestFile(
                fileSystem: fixture.fileSystem,
                node: unnamed.0.node,
                open: unnamed.1.file
            )
        )
        for round in 1...2 {
            for (index, file) in files.enumerated() {
                try file.write(pattern(10, seed: UInt64(round * index)), at: 0)
                try file.sync()
                #expect(counts.backingFiles.value <= 10)
            }
            _ = fixture.fileSystem.pager.reclaim(1000)
            _ = fixture.fileSystem.pager.reclaim(1000)
            for (index, file) in files.enumerated() {
                #expect(try file.read() == pattern(10, seed: UInt64(round * index)))
                #expect(counts.backingFiles.value <= 10)
            }
        }
        for file in files { file.close() }
        #expect(counts.backingFiles.value == 0)
        #expect(try fixture.backing("file-50") == pattern(10, seed: 100))
    }

    @Test("threads that open, write, rename and remove files whose inodes come and go lose nothing")
    func stress() throws {
        var limits = WritebackLimits(memoryBytes: 4 << 20)
        limits.dirtyExpireNanoseconds = 1_000_000
        limits.writebackIntervalNanoseconds = 1_000_000
        let fixture = try FileSystemFixture(limits: limits, inodeCountMax: 8)
        fixture.fileSystem.start()
        defer { fixture.fileSystem.stop() }
        let models = Guarded<[FileName: [UInt8]]>([:], rank: .leaf)
        let workers = (0..<4).map { thread in
            WorkerThread("worker-\(thread)") {
                do {
                    let model = try Self.work(fixture, thread: UInt64(thread))
                    models.withLock { $0.merge(model) { _, new in new } }
                } catch {
                    Issue.record("thread \(thread): \(error)")
                }
            }
        }
        for worker in workers { worker.join() }
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        for (name, bytes) in models.withLock({ $0 }) {
            #expect(try fixture.backing("\(name)") == bytes, "\(name)")
        }
        fixture.expectNothingDirty()
    }

    /// Works on files of its own, and returns what they hold.
    private static func work(
        _ fixture: FileSystemFixture,
        thread: UInt64
    ) throws -> [FileName: [UInt8]] {
        var generator = SeededGenerator(seed: 900 + thread)
        let fileSystem = fixture.fileSystem
        var model: [FileName: [UInt8]] = [:]
        var nodes: [FileName: NodeID] = [:]
        for step in 0..<600 {
            let name = fileName("\(thread)-\(Int.random(in: 0..<12, using: &generator))")
            guard let node = nodes[name], let content = model[name] else {
                let file = try fixture.create(name)
                file.close()
                nodes[name] = file.node
                model[name] = []
                continue
            }
            switch Int.random(in: 0..<10, using: &generator) {
            case 0:
                try fileSystem.remove(name, in: .root, isDirectory: false)
                fileSystem.forget(node, count: 1)
                model[name] = nil
                nodes[name] = nil
            case 1:
                let other = fileName("\(thread)-\(Int.random(in: 0..<12, using: &generator))")
                guard other != name else { break }
                try fileSystem.rename(name, in: .root, to: other, in: .root, flags: 0)
                if let replaced = nodes[other] { fileSystem.forget(replaced, count: 1) }
                model[other] = content
                nodes[other] = node
                model[name] = nil
                nodes[name] = nil
            case 2:
                var change = AttributeChange()
                change.size = UInt64(content.count / 2)
                let caller = FileSystemFixture.caller
                _ = try fileSystem.setAttributes(change, of: node, caller: caller)
                model[name] = Array(content.prefix(content.count / 2))
            default:
                let open = try fileSystem.open(node, flags: 2).file
                let file = TestFile(fileSystem: fileSystem, node: node, open: open)
                let read = try file.read()
                #expect(read == content, "thread \(thread) step \(step) \(name)")
                let bytes = generator.bytes(Int.random(in: 1...9000, using: &generator))
                try file.write(bytes, at: 0)
                model[name] = bytes + content.dropFirst(bytes.count)
                file.close()
            }
        }
        return model
    }
}
