import Glibc
import Storage
import Support
import SystemPackage
import TestSupport
import Testing

// Holes: where they are, how they are made, and that the space comes back.
struct StoreFileHolesTests {
    let fixture: StoreFixture
    private let ones = [UInt8](repeating: 1, count: 65536)

    init() throws { fixture = try StoreFixture() }

    @Test("data and holes are found, and nothing beyond the end")
    func seek() throws {
        let (_, file) = try fixture.makeFile("file")
        try file.write(ones, at: 65536)
        try file.setSize(1 << 20)
        #expect(try file.dataStart(atOrAfter: 0) == 65536)
        #expect(try file.dataStart(atOrAfter: 70000) == 70000)
        #expect(try file.holeStart(atOrAfter: 0) == 0)
        #expect(try file.holeStart(atOrAfter: 65536) == 131072)
        #expect(try file.dataStart(atOrAfter: 131072) == nil)
        #expect(try file.dataStart(atOrAfter: 1 << 20) == nil)
        #expect(try file.dataStart(atOrAfter: .max) == nil)
        #expect(try file.holeStart(atOrAfter: 1 << 20) == 1 << 20)
        #expect(try file.holeStart(atOrAfter: 5 << 20) == 5 << 20)
        #expect(try file.holeStart(atOrAfter: .max) == .max)
    }

    @Test("the end of a file without holes is one")
    func dense() throws {
        let (_, file) = try fixture.makeFile("file", bytes: ones)
        #expect(try file.holeStart(atOrAfter: 0) == 65536)
        #expect(try file.dataStart(atOrAfter: 65535) == 65535)
    }

    @Test("zeroed data gives its blocks back and keeps the size")
    func punch() throws {
        let (_, file) = try fixture.makeFile("file", bytes: ones)
        try file.sync(dataOnly: false)
        let before = try file.attributes()
        #expect(before.blocks == 128)
        let made = try file.makeZero(ByteRange(4096, 36864))
        #expect(made == (32768, 0))
        let after = try file.attributes()
        #expect(after.blocks == 64)
        #expect(after.size == before.size)
        #expect(
            try file.contents() == Array(ones[..<4096]) + [UInt8](repeating: 0, count: 32768)
                + Array(ones[36864...])
        )
        #expect(try file.holeStart(atOrAfter: 0) == 4096)
        #expect(try file.dataStart(atOrAfter: 4096) == 36864)
    }

    @Test("parts of a page at the edges read as zeros too")
    func edges() throws {
        let (_, file) = try fixture.makeFile("file", bytes: ones)
        let made = try file.makeZero(ByteRange(100, 10001))
        #expect(made == (9901, 0))
        var expected = ones
        for index in 100..<10001 { expected[index] = 0 }
        #expect(try file.contents() == expected)
    }

    @Test("holes and what lies beyond the end are left alone")
    func nothingToDo() throws {
        let (_, file) = try fixture.makeFile("file")
        try file.setSize(1 << 30)
        #expect(try file.makeZero(ByteRange(0, 1 << 30)) == (0, 0))
        try file.write(ones, at: 1 << 20)
        #expect(try file.makeZero(ByteRange(0, 1 << 20)) == (0, 0))
        #expect(try file.makeZero(ByteRange(2 << 20, .max)) == (0, 0))
        #expect(try file.makeZero(ByteRange(1 << 20, 1 << 20)) == (0, 0))
        #expect(try file.makeZero(ByteRange(0, .max)) == (65536, 0))
        #expect(try file.attributes().blocks == 0)
        #expect(try file.attributes().size == 1 << 30)
    }

    @Test("only the data between holes is touched")
    func several() throws {
        let (_, file) = try fixture.makeFile("file")
        try file.setSize(10 << 20)
        for index in 0..<10 { try file.write(ones, at: UInt64(index) << 20) }
        let made = try file.makeZero(ByteRange(1 << 20, 9 << 20))
        #expect(made == (8 * 65536, 0))
        #expect(try file.dataStart(atOrAfter: 65536) == 9 << 20)
    }

    @Test("space is reserved with and without growing the file")
    func allocate() throws {
        let (_, file) = try fixture.makeFile("file")
        try file.allocate(ByteRange(0, 65536), keepSize: true)
        #expect(try file.attributes().size == 0)
        #expect(try file.attributes().blocks == 128)
        try file.allocate(ByteRange(65536, 131072), keepSize: false)
        #expect(try file.attributes().size == 131072)
        #expect(try file.attributes().blocks == 256)
        try file.allocate(ByteRange(5, 5), keepSize: false)
        // Reserved and not yet written reads as zeros: there is no data to punch.
        #expect(try file.makeZero(ByteRange(0, 131072)) == (0, 0))
        #expect(try file.attributes().blocks == 256)
        #expect(try file.contents() == [UInt8](repeating: 0, count: 131072))
    }

    @Test("a file is cut and grown")
    func setSize() throws {
        let (_, file) = try fixture.makeFile("file", bytes: ones)
        try file.setSize(10)
        #expect(try file.contents() == Array(ones[..<10]))
        try file.setSize(20)
        #expect(try file.contents() == Array(ones[..<10]) + [UInt8](repeating: 0, count: 10))
    }

    @Test("a file system without holes and O_DIRECT gets zeros and cached writes")
    func ramfs() throws {
        guard isRoot(for: "a file system without holes") else { return }
        let path = fixture.directory.path(of: "ram")
        #expect(unsafe mkdir(path, 0o755) == 0)
        try runTool("mount", ["-t", "ramfs", "ramfs", path])
        defer { #expect(unsafe umount2(path, Int32(MNT_DETACH)) == 0) }
        let store = try DirectoryStore(path: path)
        let file = try store.root.createFile("file", mode: 0o600, caller: fixture.caller).file
        var random = SeededGenerator(seed: 0x4a4)
        var bytes = random.bytes(3 << 20)
        let memory = AlignedMemory(bytes)
        for _ in 0..<2 { try unsafe file.write(at: 0, from: [memory.piece(0..<3 << 20)]) }
        #expect(try file.contents() == bytes)
        let made = try file.makeZero(ByteRange(5, 2 << 20))
        #expect(made == (0, 2 << 20 - 5))
        for index in 5..<2 << 20 { bytes[index] = 0 }
        #expect(try file.contents() == bytes)
        #expect(try file.makeZero(ByteRange(3 << 20 - 1, 9 << 20)) == (0, 1))
        #expect(try file.attributes().size == 3 << 20)
        withExtendedLifetime(memory) {}
    }

    @Test("a full disk is ENOSPC, and a hole makes room again")
    func fullDisk() throws {
        if let reason = LoopbackExt4.unavailability {
            print("a full disk cannot be tested: \(reason)")
            return
        }
        try withLoopbackExt4(mebibytes: 16) { disk in
            let store = try DirectoryStore(path: disk.path)
            let file = try store.root.createFile("file", mode: 0o600, caller: fixture.caller).file
            let memory = AlignedMemory([UInt8](repeating: 7, count: 1 << 20))
            var written: UInt64 = 0
            #expect(throws: Errno.noSpace) {
                while written < 64 << 20 {
                    try unsafe file.write(at: written, from: [memory.piece(0..<1 << 20)])
                    written += 1 << 20
                }
            }
            #expect(written >= 4 << 20)
            #expect(throws: Errno.noSpace) {
                try file.allocate(ByteRange(64 << 20, 80 << 20), keepSize: true)
            }
            #expect(try file.makeZero(ByteRange(0, 2 << 20)) == (2 << 20, 0))
            try file.sync(dataOnly: true)
            try unsafe file.write(at: 1 << 20, from: [memory.piece(0..<1 << 20)])
            try file.sync(dataOnly: true)
            let data = try file.bytes(at: 1 << 20, count: 1 << 20)
            #expect(data == [UInt8](repeating: 7, count: 1 << 20))
            withExtendedLifetime(memory) {}
        }
    }
}
