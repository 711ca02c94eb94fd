internal import CLinux
internal import Glibc
internal import SystemPackage

// All of them take O_PATH descriptors of any kind of object, symbolic links included.
extension SystemCalls {
    /// Sets the permission bits; EOPNOTSUPP for a symbolic link.
    ///
    /// Source: chmod(2).
    static func setMode(_ mode: UInt32, of descriptor: borrowing OwnedFileDescriptor) throws(Errno)
    {
        _ = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try retrying(on: descriptor) { descriptor in unsafe chmod(link, mode) }
        }
    }

    /// Whether this process may read and write what `descriptor` stands for.
    ///
    /// Source: faccessat(2).
    static func isAccessible(
        _ descriptor: borrowing OwnedFileDescriptor,
        mode: Int32
    ) -> Bool {
        let result = try? unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try retrying(on: descriptor) { _ in
                unsafe faccessat(AT_FDCWD, link, mode, AT_EACCESS)
            }
        }
        return result == 0
    }

    /// Sets the owner and group that are given.
    ///
    /// Source: fchownat(2).
    static func setOwner(uid: UInt32?, gid: UInt32?, of descriptor: borrowing OwnedFileDescriptor)
        throws(Errno)
    {
        _ = try retrying(on: descriptor) { descriptor in
            unsafe fchownat(
                descriptor,
                "",
                uid ?? UInt32.max,
                gid ?? UInt32.max,
                Int32(CLINUX_AT_EMPTY_PATH)
            )
        }
    }

    /// Source: utimensat(2).
    static func setTimes(
        access: FileTimeChange,
        modification: FileTimeChange,
        of descriptor: borrowing OwnedFileDescriptor
    ) throws(Errno) {
        let times = [timespec(access), timespec(modification)]
        _ = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try retrying(on: descriptor) { descriptor in unsafe utimensat(AT_FDCWD, link, times, 0)
            }
        }
    }

    /// Reads a value; returns its size, which is all that is asked with an empty `buffer`.
    ///
    /// Source: getxattr(2).
    static func extendedAttribute(
        _ name: ExtendedAttributeName,
        of descriptor: borrowing OwnedFileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        // SAFETY: the kernel writes at most `count` bytes into the caller's buffer.
        try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe name.withCString { name throws(Errno) in
                try retrying(on: descriptor) { descriptor in
                    unsafe clinux_getxattr(link, name, buffer.baseAddress, buffer.count)
                }
            }
        }
    }

    /// Source: setxattr(2).
    static func setExtendedAttribute(
        _ name: ExtendedAttributeName,
        of descriptor: borrowing OwnedFileDescriptor,
        value: UnsafeRawBufferPointer,
        flags: Int32
    ) throws(Errno) {
        // SAFETY: the kernel reads `count` bytes of the caller's buffer.
        _ = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe name.withCString { name throws(Errno) in
                try retrying(on: descriptor) { descriptor in
                    unsafe clinux_setxattr(link, name, value.baseAddress, value.count, flags)
                }
            }
        }
    }

    /// Reads the names, each with a NUL at its end.
    ///
    /// Returns their size, which is all that is asked with an empty `buffer`.
    ///
    /// Source: listxattr(2).
    static func extendedAttributeNames(
        of descriptor: borrowing OwnedFileDescriptor,
        into buffer: UnsafeMutableRawBufferPointer
    ) throws(Errno) -> Int {
        // SAFETY: the kernel writes at most `count` bytes into the caller's buffer.
        try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try retrying(on: descriptor) { descriptor in
                unsafe clinux_listxattr(link, buffer.baseAddress, buffer.count)
            }
        }
    }

    /// Source: removexattr(2).
    static func removeExtendedAttribute(
        _ name: ExtendedAttributeName,
        of descriptor: borrowing OwnedFileDescriptor
    ) throws(Errno) {
        _ = try unsafe withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe name.withCString { name throws(Errno) in
                try retrying(on: descriptor) { descriptor in unsafe clinux_removexattr(link, name) }
            }
        }
    }
}

extension timespec {
    /// The change as utimensat takes it.
    init(_ change: FileTimeChange) {
        switch change {
        case .omit: self.init(tv_sec: 0, tv_nsec: Int(CLINUX_UTIME_OMIT))
        case .now: self.init(tv_sec: 0, tv_nsec: Int(CLINUX_UTIME_NOW))
        case .set(let time): self.init(tv_sec: Int(time.seconds), tv_nsec: Int(time.nanoseconds))
        }
    }
}
