import Glibc
import Storage
import SystemPackage
import TestSupport

/// A store on a new temporary directory, and who uses it.
final class StoreFixture: Sendable {
    let directory: TemporaryDirectory
    let store: DirectoryStore

    init() throws {
        // As the daemon has it; the same for every test of this process.
        umask(0)
        directory = try TemporaryDirectory()
        store = try DirectoryStore(path: directory.path)
    }

    var root: StoreNode { store.root }

    /// The user of this process, without a umask.
    var caller: Caller { Caller(uid: geteuid(), gid: getegid(), pid: UInt32(getpid()), umask: 0) }

    /// Makes a regular file with the bytes in it.
    func makeFile(
        _ name: FileName,
        mode: UInt32 = 0o644,
        bytes: [UInt8] = []
    ) throws -> (node: StoreNode, file: any BackingFile) {
        let made = try root.createFile(name, mode: mode, caller: caller)
        try made.file.write(bytes, at: 0)
        return (made.node, made.file)
    }
}

/// Whether this process is root's; prints `what` with the reason if it is not.
func isRoot(for what: String) -> Bool {
    if geteuid() == 0 { return true }
    print("only root can test \(what)")
    return false
}

extension BackingFile {
    /// Writes the bytes, wherever in memory they are.
    func write(_ bytes: [UInt8], at offset: UInt64) throws(Errno) {
        try unsafe bytes.withUnsafeBufferPointer { bytes throws(Errno) in
            try unsafe self.write(at: offset, from: [UnsafeRawBufferPointer(bytes)])
        }
    }

    /// The bytes from `offset` on, `count` of them or as many as there are.
    func bytes(at offset: UInt64, count: Int) throws(Errno) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xee, count: count)
        let read = try unsafe bytes.withUnsafeMutableBufferPointer { bytes throws(Errno) -> Int in
            try unsafe self.read(at: offset, into: [UnsafeMutableRawBufferPointer(bytes)])
        }
        return Array(bytes.prefix(read))
    }

    /// Every byte.
    func contents() throws(Errno) -> [UInt8] {
        try bytes(at: 0, count: Int(try attributes().size) + 1)
    }
}

/// Page aligned memory, as frames are.
@safe
final class AlignedMemory {
    // SAFETY: allocated here, freed in `deinit`, used by calls that `self` outlives.
    let buffer: UnsafeMutableRawBufferPointer

    init(_ bytes: [UInt8]) {
        unsafe buffer = .allocate(byteCount: bytes.count, alignment: 4096)
        unsafe buffer.copyBytes(from: bytes)
    }

    deinit { unsafe buffer.deallocate() }

    /// The piece as a write takes it.
    func piece(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: buffer[range])
    }
}
