internal import CLinux
internal import Glibc
internal import SystemPackage

extension SystemCalls {
    /// Source: mkdirat(2).
    static func makeDirectory(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        mode: UInt32
    ) throws(Errno) {
        _ = try unsafe name.withCString { name throws(Errno) in
            try retrying(on: directory) { directory in unsafe mkdirat(directory, name, mode) }
        }
    }

    /// Source: mknodat(2).
    static func makeNode(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        mode: UInt32,
        device: UInt64
    ) throws(Errno) {
        _ = try unsafe name.withCString { name throws(Errno) in
            try retrying(on: directory) { directory in
                unsafe mknodat(directory, name, mode, dev_t(device))
            }
        }
    }

    /// Source: symlinkat(2).
    static func makeSymbolicLink(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        target: ByteString
    ) throws(Errno) {
        _ = try unsafe name.withCString { name throws(Errno) in
            try unsafe target.withCString { target throws(Errno) in
                try retrying(on: directory) { directory in unsafe symlinkat(target, directory, name)
                }
            }
        }
    }

    /// Gives the object of `descriptor` another name.
    ///
    /// Source: linkat(2).
    ///
    /// By the magic link, since `AT_EMPTY_PATH` is for the privileged.
    static func makeLink(
        to descriptor: borrowing OwnedFileDescriptor,
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor
    ) throws(Errno) {
        _ = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe name.withCString { name throws(Errno) in
                try retrying(on: directory) { directory in
                    unsafe linkat(AT_FDCWD, link, directory, name, AT_SYMLINK_FOLLOW)
                }
            }
        }
    }

    /// Source: unlinkat(2).
    static func remove(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        isDirectory: Bool
    ) throws(Errno) {
        _ = try unsafe name.withCString { name throws(Errno) in
            try retrying(on: directory) { directory in
                unsafe unlinkat(directory, name, isDirectory ? AT_REMOVEDIR : 0)
            }
        }
    }

    /// Source: renameat2(2).
    static func rename(
        _ name: FileName,
        in directory: borrowing OwnedFileDescriptor,
        to newName: FileName,
        in newDirectory: borrowing OwnedFileDescriptor,
        flags: UInt32
    ) throws(Errno) {
        _ = try unsafe name.withCString { name throws(Errno) in
            try unsafe newName.withCString { newName throws(Errno) in
                try retrying(on: directory) { directory in
                    unsafe clinux_renameat2(directory, name, newDirectory.rawValue, newName, flags)
                }
            }
        }
    }

    /// Fills `buffer` with directory records from the descriptor's position on.
    ///
    /// Returns the bytes filled, 0 at the end.
    ///
    /// Source: getdents64(2).
    static func readDirectory(
        _ descriptor: borrowing OwnedFileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        // SAFETY: the kernel writes at most `count` bytes into the caller's buffer.
        try retrying(on: descriptor) { descriptor in
            unsafe clinux_getdents64(descriptor, buffer.baseAddress, buffer.count)
        }
    }
}
