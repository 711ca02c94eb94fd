import CLinux
import Foundation
import Glibc
import Storage
import Support
import SystemPackage
import TestSupport
import Testing

// The bytes of a file: any alignment, any number of buffers, through the page cache and past it.
struct StoreFileTests {
    let fixture: StoreFixture

    init() throws { fixture = try StoreFixture() }

    @Test("a read ends where the file does")
    func readAtEnd() throws {
        let (_, file) = try fixture.makeFile("file", bytes: [1, 2, 3, 4, 5])
        #expect(try file.bytes(at: 0, count: 100) == [1, 2, 3, 4, 5])
        #expect(try file.bytes(at: 3, count: 1) == [4])
        #expect(try file.bytes(at: 5, count: 10) == [])
        #expect(try file.bytes(at: 1 << 40, count: 10) == [])
        #expect(try file.bytes(at: fileSizeMax, count: 10) == [])
        #expect(throws: Errno.fileTooLarge) { try file.bytes(at: .max, count: 10) }
    }

    @Test("nothing to write writes nothing, nothing to read reads nothing")
    func empty() throws {
        let (_, file) = try fixture.makeFile("file", bytes: [1])
        try unsafe file.write(at: 100, from: [])
        try file.write([], at: 100)
        #expect(try unsafe file.read(at: 0, into: []) == 0)
        #expect(try file.contents() == [1])
    }

    @Test("empty buffers among others are passed over")
    func emptyBuffers() throws {
        let (_, file) = try fixture.makeFile("file")
        let memory = AlignedMemory(Array(0..<100))
        let nothing = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        try unsafe file.write(
            at: 0,
            from: [nothing, memory.piece(0..<3), nothing, nothing, memory.piece(50..<52), nothing]
        )
        #expect(try file.contents() == [0, 1, 2, 50, 51])
        let target = AlignedMemory([9, 9, 9, 9, 9, 9])
        let none = unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
        let count = try unsafe file.read(
            at: 1,
            into: [none, UnsafeMutableRawBufferPointer(rebasing: target.buffer[2...]), none]
        )
        #expect(count == 4)
        #expect(unsafe Array(target.buffer) == [9, 9, 1, 2, 50, 51])
        withExtendedLifetime(memory) {}
    }

    @Test("more buffers than one call takes are all written and read", arguments: [3, 4096])
    func manyBuffers(pieceBytes: Int) throws {
        let (_, file) = try fixture.makeFile("file")
        var random = SeededGenerator(seed: 0x10_0e)
        let count = 2500
        let bytes = random.bytes(pieceBytes * count)
        let memory = AlignedMemory(bytes)
        try unsafe file.write(
            at: 0,
            from: (0..<count).map {
                unsafe memory.piece($0 * pieceBytes..<($0 + 1) * pieceBytes)
            }
        )
        #expect(try file.attributes().size == UInt64(bytes.count))
        let target = AlignedMemory([UInt8](repeating: 0, count: bytes.count))
        let read = try unsafe file.read(
            at: 0,
            into: (0..<count).map {
                unsafe UnsafeMutableRawBufferPointer(
                    rebasing: target.buffer[$0 * pieceBytes..<($0 + 1) * pieceBytes]
                )
            }
        )
        #expect(read == bytes.count)
        #expect(unsafe target.buffer.elementsEqual(bytes))
        withExtendedLifetime(memory) {}
    }

    @Test("a large write whose tail is no whole page ends where it should")
    func tail() throws {
        let (_, file) = try fixture.makeFile("file")
        var random = SeededGenerator(seed: 0x7a11)
        let bytes = random.bytes(1 << 20 | 1234)
        let memory = AlignedMemory(bytes)
        try unsafe file.write(
            at: 8192,
            from: [memory.piece(0..<4096), memory.piece(4096..<bytes.count)]
        )
        #expect(try file.attributes().size == UInt64(8192 + bytes.count))
        #expect(try file.bytes(at: 8192, count: bytes.count + 1) == bytes)
        #expect(try file.bytes(at: 0, count: 8192) == [UInt8](repeating: 0, count: 8192))
        withExtendedLifetime(memory) {}
    }

    @Test("writes, zeros and sizes leave setuid, setgid and capabilities as they are")
    func privileges() throws {
        let (node, file) = try fixture.makeFile("file", bytes: [UInt8](repeating: 7, count: 20_000))
        let name: ExtendedAttributeName = "security.capability"
        // Revision 2, all sets empty but the permitted one, which may open raw sockets.
        let capability: [UInt8] = [0, 0, 0, 2, 0, 0x20] + [UInt8](repeating: 0, count: 14)
        let hasCapability = isRoot(for: "capabilities of programs")
        try node.setMode(0o6755)
        if hasCapability { try node.setExtendedAttribute(name, to: capability) }
        let changes: [() throws -> Void] = [
            { try file.write([1, 2, 3], at: 5) }, { _ = try file.makeZero(ByteRange(0, 8192)) },
            { try file.setSize(30_000) }, { try file.setSize(10_000) },
        ]
        for change in changes {
            try change()
            #expect(try node.attributes().permissions == 0o6755)
            if hasCapability { #expect(try node.extendedAttribute(name) == capability) }
        }
        #expect(try file.attributes().size == 10_000)
        #expect(try file.bytes(at: 4, count: 5) == [0, 0, 0, 0, 0])
    }

    @Test("only large writes of whole pages, wherever they lie in memory, bypass the page cache")
    func direct() throws {
        let memory = AlignedMemory([UInt8](repeating: 1, count: 2 << 20))
        let large = 64 * 4096
        let (_, cached) = try fixture.makeFile("cached")
        try unsafe cached.write(at: 0, from: [memory.piece(0..<large - 4096)])
        try unsafe cached.write(at: 1, from: [memory.piece(0..<large)])
        try unsafe cached.write(at: 0, from: [memory.piece(1..<1 + large)])
        try unsafe cached.write(at: 0, from: [memory.piece(0..<large - 1)])
        try unsafe cached.write(at: 0, from: [memory.piece(0..<1), memory.piece(4096..<2 << 20)])
        #expect(try directDescriptorCount("cached") == 0)
        let (_, direct) = try fixture.makeFile("direct")
        for _ in 0..<3 {
            let pieces = unsafe (0..<64).map {
                unsafe memory.piece($0 * 8192..<$0 * 8192 + 4096)
            }
            try unsafe direct.write(at: 4096, from: pieces)
        }
        #expect(try directDescriptorCount("direct") == 1)
        withExtendedLifetime((memory, cached, direct)) {}
    }

    /// The descriptors of this process that bypass the page cache to the file called `name`.
    private func directDescriptorCount(_ name: String) throws -> Int {
        let path = fixture.directory.path(of: name)
        let manager = FileManager.default
        return try manager.contentsOfDirectory(atPath: "/proc/self/fd").filter { number in
            let target = try? manager.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
            guard target == path else { return false }
            let information = try String(
                contentsOfFile: "/proc/self/fdinfo/\(number)",
                encoding: .utf8
            )
            let flags = information.split(separator: "\n").first { $0.hasPrefix("flags:") }
            let value = flags?.split(separator: "\t").last.flatMap { Int($0, radix: 8) }
            return try #require(value) & Int(CLINUX_O_DIRECT) != 0
        }.count
    }

    @Test("offsets beyond the largest file are refused, not wrapped")
    func hugeOffsets() throws {
        let (_, file) = try fixture.makeFile("file")
        #expect(throws: Errno.fileTooLarge) { try file.write([1], at: .max) }
        #expect(throws: Errno.fileTooLarge) { try file.write([1], at: fileSizeMax + 1) }
        #expect(throws: Errno.self) { try file.write([1, 2], at: fileSizeMax - 1) }
        #expect(throws: Errno.fileTooLarge) { try file.setSize(.max) }
        #expect(throws: Errno.fileTooLarge) {
            try file.allocate(ByteRange(0, .max), keepSize: true)
        }
        let memory = AlignedMemory([UInt8](repeating: 1, count: 1 << 20))
        #expect(throws: Errno.self) {
            try unsafe file.write(at: fileSizeMax - 4095 - 4096, from: [memory.piece(0..<1 << 20)])
        }
        #expect(try file.attributes().size == 0)
    }

    @Test("random writes, zeros and sizes leave what the model holds", arguments: 1...6)
    func model(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let (_, file) = try fixture.makeFile("file")
        let source = random.bytes(2 << 20)
        let memory = AlignedMemory(source)
        var model = FileModel()
        for step in 0..<120 {
            let action = model.randomAction(&random, sourceBytes: 2 << 20)
            switch action {
            case .write(let offset, let pieces):
                try unsafe file.write(
                    at: UInt64(offset),
                    from: pieces.map { unsafe memory.piece($0) }
                )
                model.write(pieces.flatMap { source[$0] }, at: offset)
            case .zero(let range):
                _ = try file.makeZero(ByteRange(UInt64(range.lowerBound), UInt64(range.upperBound)))
                model.zero(range)
            case .resize(let size):
                try file.setSize(UInt64(size))
                model.resize(size)
            }
            let same = try file.contents() == model.bytes
            try #require(same, "seed \(seed), step \(step): \(action)")
        }
        withExtendedLifetime(memory) {}
    }

    @Test("times are set, left and taken from the clock")
    func times() throws {
        let (_, file) = try fixture.makeFile("file")
        let access = FileTime(seconds: 1_000_000_000, nanoseconds: 123_456_789)
        let modification = FileTime(seconds: -1, nanoseconds: 5)
        try file.setTimes(access: .set(access), modification: .set(modification))
        var attributes = try file.attributes()
        #expect(attributes.accessTime == access)
        #expect(attributes.modificationTime == modification)
        try file.setTimes(access: .omit, modification: .now)
        attributes = try file.attributes()
        #expect(attributes.accessTime == access)
        #expect(attributes.modificationTime.seconds > 1_700_000_000)
        #expect(attributes.changeTime >= attributes.modificationTime)
    }

    @Test("data and attributes are synced")
    func sync() throws {
        let (_, file) = try fixture.makeFile("file", bytes: [1, 2, 3])
        try file.sync(dataOnly: true)
        try file.sync(dataOnly: false)
        #expect(try file.contents() == [1, 2, 3])
    }

    @Test("a range is copied to another file, up to the end of the first")
    func copy() throws {
        var random = SeededGenerator(seed: 0xc0b1)
        let bytes = random.bytes(300_000)
        let (_, source) = try fixture.makeFile("source", bytes: bytes)
        let (_, target) = try fixture.makeFile("target")
        #expect(try source.copy(ByteRange(1000, 200_000), to: target, at: 50) == 199_000)
        #expect(try target.bytes(at: 50, count: 300_000) == Array(bytes[1000..<200_000]))
        #expect(try source.copy(ByteRange(299_999, 400_000), to: target, at: 0) == 1)
        #expect(try target.bytes(at: 0, count: 1) == [bytes[299_999]])
        #expect(throws: Errno.invalidArgument) {
            try source.copy(ByteRange(0, 100), to: source, at: 50)
        }
        #expect(throws: Errno.improperLink) {
            try source.copy(ByteRange(0, 100), to: FaultyFile(target), at: 0)
        }
        #expect(throws: Errno.fileTooLarge) {
            try source.copy(ByteRange(0, 100), to: target, at: .max)
        }
    }
}
