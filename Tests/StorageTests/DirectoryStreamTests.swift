import Foundation
import Glibc
import Storage
import Support
import SystemPackage
import TestSupport
import Testing

/// Every entry of a directory, in one go.
func listing(of directory: StoreNode) throws(Errno) -> [DirectoryStream.Entry] {
    var entries: [DirectoryStream.Entry] = []
    try directory.openDirectory().read(at: 0) {
        entries.append($0)
        return true
    }
    return entries
}

// Listing directories: complete, resumable anywhere, steady under changes.
struct DirectoryStreamTests {
    let fixture: StoreFixture
    var root: StoreNode { fixture.root }

    init() throws { fixture = try StoreFixture() }

    private func makeFiles(_ count: Int) throws -> Set<FileName> {
        var names: Set<FileName> = []
        for index in 0..<count {
            let name = try #require(FileName("file-number-\(index)"))
            names.insert(name)
            _ = try root.makeNode(name, mode: S_IFREG | 0o644, device: 0, caller: fixture.caller)
        }
        return names
    }

    @Test("entries come with inode and type")
    func kinds() throws {
        let (file, _) = try fixture.makeFile("file")
        let (directory, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        let (link, _) = try root.makeSymbolicLink("l", target: [0x61], caller: fixture.caller)
        let (fifo, _) = try root.makeNode(
            "p",
            mode: S_IFIFO | 0o644,
            device: 0,
            caller: fixture.caller
        )
        let expected: [FileName: StoreNode] = [
            ".": root, "file": file, "d": directory, "l": link, "p": fifo,
        ]
        let entries = try listing(of: root)
        #expect(Set(entries.map(\.name)) == Set(expected.keys).union([".."]))
        for entry in entries {
            guard let node = expected[entry.name] else { continue }
            #expect(entry.inode == node.identity.inode)
            #expect(entry.typeBits == node.typeBits)
        }
    }

    @Test("10,000 entries all come, each once, in one go or in pieces", arguments: [1, 7, 500])
    func many(pieceCount: Int) throws {
        let names = try makeFiles(10_000)
        #expect(try Set(listing(of: root).map(\.name)) == names.union([".", ".."]))
        let stream = try root.openDirectory()
        var found: [FileName] = []
        var offset: UInt64 = 0
        while true {
            var piece: [DirectoryStream.Entry] = []
            try stream.read(at: offset) { entry in
                if piece.count == pieceCount { return false }
                piece.append(entry)
                return true
            }
            guard let last = piece.last else { break }
            offset = last.nextOffset
            found += piece.map(\.name)
        }
        #expect(found.count == 10_002)
        #expect(Set(found) == names.union([".", ".."]))
    }

    @Test("an entry that was declined comes again, from any stream")
    func declined() throws {
        _ = try makeFiles(100)
        let all = try listing(of: root)
        let stream = try root.openDirectory()
        for index in [0, 50, 3, 99, 101, 50] {
            let offset = index == 0 ? 0 : all[index - 1].nextOffset
            for reader in [stream, stream, try root.openDirectory()] {
                var first: DirectoryStream.Entry?
                try reader.read(at: offset) { entry in
                    first = entry
                    return false
                }
                #expect(first == all[index])
            }
        }
    }

    @Test("after the last entry there is nothing, again and again")
    func end() throws {
        _ = try makeFiles(10)
        let stream = try root.openDirectory()
        let last = try #require(try listing(of: root).last)
        for _ in 0..<3 {
            try stream.read(at: last.nextOffset) { entry in
                Issue.record("\(entry) after the end")
                return true
            }
        }
    }

    @Test("entries removed in between change nothing for the others")
    func removal() throws {
        let names = try makeFiles(3000)
        let stream = try root.openDirectory()
        var random = SeededGenerator(seed: 0xd1e)
        var found: [FileName] = []
        var removed: Set<FileName> = []
        var offset: UInt64 = 0
        while true {
            var count = 0
            try stream.read(at: offset) { entry in
                if count == 40 { return false }
                count += 1
                found.append(entry.name)
                offset = entry.nextOffset
                return true
            }
            if count == 0 { break }
            // One that came and any other, which may still be to come.
            for name in [found.last, names.randomElement(using: &random)] {
                guard let name, !name.isDotOrDotDot, removed.insert(name).inserted else { continue }
                try root.remove(name, isDirectory: false)
            }
        }
        #expect(found.count == Set(found).count)
        #expect(names.subtracting(removed).isSubset(of: found))
        #expect(removed.count > 50)
    }

    @Test("offset 0 starts afresh and shows what was made since")
    func rewind() throws {
        let stream = try root.openDirectory()
        var names: Set<FileName> = []
        try stream.read(at: 0) { names.insert($0.name).inserted }
        #expect(names == [".", ".."])
        _ = try fixture.makeFile("new")
        names = []
        try stream.read(at: 0) { names.insert($0.name).inserted }
        #expect(names == [".", "..", "new"])
    }

    @Test("one stream is read by many threads, each getting what it asks for")
    func threads() throws {
        _ = try makeFiles(2000)
        let all = try listing(of: root)
        let stream = try root.openDirectory()
        let failures = Counter()
        DispatchQueue.concurrentPerform(iterations: 64) { worker in
            var random = SeededGenerator(seed: UInt64(worker))
            for _ in 0..<20 {
                let start = Int.random(in: 1..<all.count, using: &random)
                var index = start
                let isDone: Void? = try? stream.read(at: all[start - 1].nextOffset) { entry in
                    if entry != all[index] { failures.add(1) }
                    index += 1
                    return index < min(start + 50, all.count)
                }
                if isDone == nil { failures.add(1) }
            }
        }
        #expect(failures.value == 0)
    }

    @Test("an offset that no entry gave is an error or a place, never a trap")
    func strangeOffsets() throws {
        _ = try makeFiles(100)
        let stream = try root.openDirectory()
        for offset: UInt64 in [.max, 1 << 63, (1 << 63) - 1, 12345] {
            do throws(Errno) {
                try stream.read(at: offset) { _ in true }
            } catch {
                #expect(error == .invalidArgument)
            }
        }
        var count = 0
        try stream.read(at: 0) { _ in
            count += 1
            return true
        }
        #expect(count == 102)
    }

    @Test("a removed directory lists nothing")
    func removedDirectory() throws {
        let (directory, _) = try root.makeDirectory("d", mode: 0o755, caller: fixture.caller)
        let stream = try directory.openDirectory()
        try root.remove("d", isDirectory: true)
        #expect(throws: Errno.noSuchFileOrDirectory) { try stream.read(at: 0) { _ in true } }
    }
}
