internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// What stat(2) says about a path: enough to tell files apart and to know what they are.
struct FileIdentity: Hashable, Sendable {
    var device: DeviceNumber
    var inode: UInt64
    private var mode: UInt32

    var isDirectory: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFDIR) }
    var isRegularFile: Bool { mode & UInt32(S_IFMT) == UInt32(S_IFREG) }

    private init(_ status: stat) {
        device = DeviceNumber(UInt(status.st_dev))
        inode = UInt64(status.st_ino)
        mode = UInt32(status.st_mode)
    }

    /// Looks at `path`, following symbolic links.
    ///
    /// - Throws: what stat(2) says; `ENOTCONN` for a mount whose daemon is gone.
    init(of path: PathBytes) throws(Errno) {
        var status = stat()
        let bytes = path.nullTerminated
        // SAFETY: the path ends in NUL, and both live through the call.
        guard unsafe stat(bytes, &status) == 0 else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    /// Looks at an open file.
    init(of file: FileDescriptor) throws(Errno) {
        var status = stat()
        // SAFETY: `status` lives through the call.
        guard unsafe fstat(file.rawValue, &status) == 0 else { throw Errno(rawValue: errno) }
        self.init(status)
    }

    /// Asks the file system at `path` itself, past the kernel's cache of attributes.
    ///
    /// stat(2) of a FUSE file is answered from that cache as long as its entries last, even if the
    /// daemon is gone; statvfs(3) is not.
    ///
    /// - Throws: `ENOTCONN` for a mount whose daemon is gone.
    static func probeFileSystem(at path: PathBytes) throws(Errno) {
        var status = statvfs()
        let bytes = path.nullTerminated
        // SAFETY: the path ends in NUL, and both live through the call.
        guard unsafe statvfs(bytes, &status) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Whether both name one file, whatever else has changed.
    func isSameFile(as other: FileIdentity) -> Bool {
        device == other.device && inode == other.inode
    }
}

extension Errno {
    /// Whether this is what every access to a FUSE mount gives whose daemon is gone: `ENOTCONN`,
    /// or `ECONNABORTED` where its connection was aborted.
    var isOfStaleMount: Bool { self == .socketNotConnected || self == .connectionAbort }
}

extension PathBytes {
    /// The path as C wants it.
    var nullTerminated: [CChar] { bytes.map { CChar(bitPattern: $0) } + [0] }

    /// The absolute path without symbolic links, `.` and `..`.
    ///
    /// - Throws: what realpath(3) says, such as `ENOENT`.
    func resolved() throws(Errno) -> PathBytes {
        // SAFETY: the path ends in NUL; realpath(3) returns nil or a C string that is ours to
        // free, and it is freed after it was copied.
        guard let text = unsafe realpath(nullTerminated, nil) else { throw Errno(rawValue: errno) }
        defer { unsafe free(text) }
        return PathBytes(unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text))))
    }

    /// The absolute path without `.` and `..`, worked out from the text alone, so that it can be
    /// had of a path that cannot be looked at.
    ///
    /// - Throws: what getcwd(3) says.
    func absolute() throws(Errno) -> PathBytes {
        var parts: [ArraySlice<UInt8>] = []
        var full = bytes
        if bytes.first != UInt8(ascii: "/") {
            full = try currentDirectory().bytes + [UInt8(ascii: "/")] + bytes
        }
        for part in full.split(separator: UInt8(ascii: "/")) where part != [UInt8(ascii: ".")] {
            if part == [UInt8(ascii: "."), UInt8(ascii: ".")] {
                _ = parts.popLast()
            } else {
                parts.append(part)
            }
        }
        return PathBytes([UInt8(ascii: "/")] + parts.joined(separator: [UInt8(ascii: "/")]))
    }

    /// The directory that holds this absolute path; `/` for `/` itself.
    var parent: PathBytes {
        let end = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
        return PathBytes(Array(bytes[..<max(end, 1)]))
    }
}

private func currentDirectory() throws(Errno) -> PathBytes {
    // SAFETY: getcwd(3) returns nil or a C string that is ours to free, and it is freed after it
    // was copied.
    guard let text = unsafe getcwd(nil, 0) else { throw Errno(rawValue: errno) }
    defer { unsafe free(text) }
    return PathBytes(unsafe Array(UnsafeRawBufferPointer(start: text, count: strlen(text))))
}
