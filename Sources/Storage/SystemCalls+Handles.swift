internal import CLinux
internal import Glibc
internal import SystemPackage

extension SystemCalls {
    /// The handle of what `descriptor` stands for; EOPNOTSUPP if handles have another form here.
    ///
    /// Source: name_to_handle_at(2).
    static func handle(of descriptor: borrowing OwnedFileDescriptor) throws(Errno) -> FileHandle {
        try unsafe handle("", in: descriptor)
    }

    /// The handle of what is called `name` in a directory, a symbolic link itself included.
    static func handle(
        of name: FileName,
        in directory: borrowing OwnedFileDescriptor
    ) throws(Errno) -> FileHandle {
        try unsafe name.withCString { name throws(Errno) in
            try unsafe handle(name, in: directory)
        }
    }

    private static func handle(
        _ name: UnsafePointer<CChar>,
        in directory: borrowing OwnedFileDescriptor
    ) throws(Errno) -> FileHandle {
        var handle = FileHandle(inode: 0, generation: 0)
        // SAFETY: the call fills the two numbers, which live through it.
        _ = try retrying(on: directory) { directory in
            unsafe clinux_name_to_handle(directory, name, &handle.inode, &handle.generation)
        }
        return handle
    }

    /// Opens what has a handle, as an `O_PATH` descriptor, on the file system of `mount`.
    ///
    /// Errors: ESTALE if there is no such object any more, EPERM without CAP_DAC_READ_SEARCH.
    /// Source: open_by_handle_at(2).
    static func open(
        _ handle: FileHandle,
        on mount: borrowing OwnedFileDescriptor
    ) throws(Errno) -> OwnedFileDescriptor {
        let result = try retrying(on: mount) { mount in
            clinux_open_by_handle(
                mount,
                handle.inode,
                handle.generation,
                Int32(CLINUX_O_PATH) | O_NOFOLLOW | O_CLOEXEC
            )
        }
        return OwnedFileDescriptor(result)
    }
}
