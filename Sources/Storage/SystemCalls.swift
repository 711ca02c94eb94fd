internal import CLinux
internal import Glibc
internal import SystemPackage

/// The system calls of this module, one Swift function each: errno becomes a thrown `Errno`,
/// and an interrupted call is made again, here and nowhere else.
enum SystemCalls {
    /// Makes `call` until no signal interrupts it; returns its result unless that is negative.
    @inline(__always)
    static func retrying<Result: FixedWidthInteger & SignedInteger>(
        _ call: () -> Result
    ) throws(Errno) -> Result {
        while true {
            let result = call()
            if result >= 0 { return result }
            let error = Errno(rawValue: errno)
            if error != .interrupted { throw error }
        }
    }

    /// The same for a call on `descriptor`, which stays open until it is done.
    ///
    /// EBADF is thrown only if the backing file system says so: a descriptor that is not open is
    /// a bug here and traps, since its number may belong to any other file a moment later.
    @inline(__always)
    static func retrying<Result: FixedWidthInteger & SignedInteger>(
        on descriptor: borrowing OwnedFileDescriptor,
        _ call: (_ descriptor: Int32) -> Result
    ) throws(Errno) -> Result {
        let number = descriptor.rawValue
        do {
            return try retrying { call(number) }
        } catch {
            if error == .badFileDescriptor {
                precondition(fcntl(number, F_GETFD) >= 0, "\(number) was closed while in use")
            }
            throw error
        }
    }

    /// Calls `body` with the path of `/proc` that leads to the object of `descriptor` itself.
    ///
    /// Unlike a name it cannot be led elsewhere by a rename, and it gives the calls that take no
    /// `O_PATH` descriptor something to work on. For a symbolic link it leads to the link.
    static func withMagicLink<Result>(
        to descriptor: borrowing OwnedFileDescriptor,
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        // Many calls a second come through here, and joining strings takes longer than most of
        // them: bytes do not.
        var path = magicLinkPrefix
        path += String(descriptor.rawValue).utf8
        path.append(0)
        return try unsafe ByteString(terminated: path).withCString(body)
    }

    private static let magicLinkPrefix = Array("/proc/self/fd/".utf8)

    /// Calls `body` with `string` as a C string; EINVAL if there is a NUL in it.
    static func withCString<Result>(
        _ string: String,
        _ body: (UnsafePointer<CChar>) throws(Errno) -> Result
    ) throws(Errno) -> Result {
        guard let bytes = ByteString(string.utf8) else { throw .invalidArgument }
        return try unsafe bytes.withCString(body)
    }

    /// A file offset as the calls take it; EFBIG beyond the largest size of a file.
    static func offset(_ offset: UInt64) throws(Errno) -> Int {
        guard let offset = Int(exactly: offset) else { throw .fileTooLarge }
        return offset
    }
}

extension SystemCalls {
    /// Opens what a path of this machine leads to.
    ///
    /// Source: open(2).
    static func open(path: String, flags: Int32) throws(Errno) -> OwnedFileDescriptor {
        let result = try unsafe withCString(path) { path throws(Errno) in
            try retrying { unsafe clinux_openat(AT_FDCWD, path, flags | O_CLOEXEC, 0) }
        }
        return OwnedFileDescriptor(result)
    }

    /// Opens or makes what is called `name` in `directory`.
    ///
    /// Errors: ELOOP for a symbolic link, unless it is opened by `O_PATH`.
    /// Source: openat(2).
    static func open(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        flags: Int32,
        mode: UInt32 = 0
    ) throws(Errno) -> OwnedFileDescriptor {
        let result = try unsafe name.withCString { name throws(Errno) in
            try retrying(on: directory) { directory in
                unsafe clinux_openat(directory, name, flags | O_NOFOLLOW | O_CLOEXEC, mode)
            }
        }
        return OwnedFileDescriptor(result)
    }

    /// Opens the object of an `O_PATH` descriptor anew, whose kind the caller has checked.
    ///
    /// Only regular files and directories come here: opening a FIFO would wait for its other end.
    static func reopen(_ descriptor: borrowing OwnedFileDescriptor, flags: Int32) throws(Errno)
        -> OwnedFileDescriptor
    {
        let result = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try retrying {
                unsafe clinux_openat(AT_FDCWD, link, flags | O_CLOEXEC, 0)
            }
        }
        return OwnedFileDescriptor(result)
    }

    /// The attributes of what `descriptor` stands for.
    ///
    /// Source: statx(2).
    static func attributes(of descriptor: borrowing OwnedFileDescriptor) throws(Errno)
        -> FileAttributes
    {
        var status = clinux_attributes()
        _ = try retrying(on: descriptor) { descriptor in
            unsafe clinux_attributes(descriptor, "", &status)
        }
        return FileAttributes(status)
    }

    /// The attributes of what is called `name` in a directory, a symbolic link itself included.
    ///
    /// Source: statx(2).
    static func attributes(
        of name: FileName,
        in directory: borrowing OwnedFileDescriptor
    ) throws(Errno) -> FileAttributes {
        var status = clinux_attributes()
        _ = try unsafe name.withCString { name throws(Errno) in
            try retrying(on: directory) { directory in
                unsafe clinux_attributes(directory, name, &status)
            }
        }
        return FileAttributes(status)
    }

    /// The target of the symbolic link that `descriptor` stands for.
    ///
    /// Source: readlinkat(2).
    static func linkTarget(
        of descriptor: borrowing OwnedFileDescriptor
    ) throws(Errno) -> [UInt8] {
        try unsafe linkTarget("", in: descriptor.rawValue)
    }

    /// Where in the file system of the machine `descriptor` is, for messages.
    static func path(
        of descriptor: borrowing OwnedFileDescriptor
    ) throws(Errno) -> [UInt8] {
        try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe linkTarget(link, in: AT_FDCWD)
        }
    }

    private static func linkTarget(
        _ path: UnsafePointer<CChar>,
        in directory: Int32
    ) throws(Errno) -> [UInt8] {
        // PATH_MAX counts a terminator that is not returned, so no target is cut off.
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try retrying {
            // SAFETY: the kernel fills at most `target.count` bytes of the array.
            unsafe readlinkat(directory, path, &target, target.count)
        }
        return target[..<count].map { UInt8(bitPattern: $0) }
    }

    /// Waits until the data and attributes of a file are on the medium.
    ///
    /// Source: fsync(2).
    static func sync(_ descriptor: borrowing OwnedFileDescriptor, dataOnly: Bool) throws(Errno) {
        _ = try retrying(on: descriptor) { descriptor in
            dataOnly ? fdatasync(descriptor) : fsync(descriptor)
        }
    }

    /// Makes a call of the file system's own, which reads or writes `argument`.
    ///
    /// Source: ioctl(2). The command must be one with no larger argument.
    static func control(
        _ descriptor: borrowing OwnedFileDescriptor,
        _ command: UInt32,
        _ argument: inout [UInt8]
    ) throws(Errno) {
        _ = try unsafe argument.withUnsafeMutableBufferPointer { bytes throws(Errno) in
            // SAFETY: the kernel gets no more bytes than there are, as long as this call lasts.
            try retrying(on: descriptor) { descriptor in
                unsafe clinux_ioctl(descriptor, command, bytes.baseAddress)
            }
        }
    }

    /// Takes an exclusive lock on an open file; false if somebody else has it.
    ///
    /// Source: flock(2).
    static func claim(_ descriptor: borrowing OwnedFileDescriptor) -> Bool {
        do throws(Errno) {
            _ = try retrying(on: descriptor) { descriptor in
                clinux_flock(descriptor, LOCK_EX | LOCK_NB)
            }
        } catch {
            return error != .resourceTemporarilyUnavailable
        }
        return true
    }

    /// Waits until a whole file system is on the medium.
    ///
    /// Source: syncfs(2).
    static func syncFileSystem(of descriptor: borrowing OwnedFileDescriptor) throws(Errno) {
        _ = try retrying(on: descriptor) { descriptor in clinux_syncfs(descriptor) }
    }

    /// Source: fstatvfs(3).
    static func statistics(of descriptor: borrowing OwnedFileDescriptor) throws(Errno)
        -> FileSystemStatistics
    {
        var status = statvfs()
        _ = try retrying(on: descriptor) { descriptor in unsafe fstatvfs(descriptor, &status) }
        return FileSystemStatistics(status)
    }

    /// The whole of a small file, as `/proc` has them: their size is not known beforehand.
    static func contents(ofFile path: String) throws(Errno) -> [UInt8] {
        let file = try open(path: path, flags: O_RDONLY)
        var contents: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            // SAFETY: the kernel fills at most `buffer.count` bytes of the array.
            let count = try unsafe buffer.withUnsafeMutableBufferPointer { buffer throws(Errno) in
                try retrying(on: file) { file in
                    unsafe Glibc.read(file, buffer.baseAddress, buffer.count)
                }
            }
            if count == 0 { return contents }
            contents += buffer[..<count]
        }
    }
}
