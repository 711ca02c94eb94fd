internal import CLinux
internal import Glibc
public import SystemPackage

extension StoreNode {
    /// The flags of this file or directory.
    ///
    /// Errors: ENOTTY for any other object, and where the backing file system has no flags.
    public func fileFlags(_ form: FileFlags.Form) throws(Errno) -> FileFlags {
        let command = form == .word ? CLINUX_FS_IOC_GETFLAGS : CLINUX_FS_IOC_FSGETXATTR
        var bytes = [UInt8](repeating: 0, count: form.byteCount)
        try SystemCalls.control(openForFlags(), command, &bytes)
        guard let flags = FileFlags(form, bytes) else { preconditionFailure("too few bytes") }
        return flags
    }

    /// Sets them, if `caller` may.
    ///
    /// Errors: EPERM, EOPNOTSUPP for flags that the backing file system does not know, ENOTTY.
    public func setFileFlags(_ flags: FileFlags, as caller: Caller) throws(Errno) {
        let command = flags.form == .word ? CLINUX_FS_IOC_SETFLAGS : CLINUX_FS_IOC_FSSETXATTR
        var bytes = flags.bytes
        let opened = try openForFlags()
        try withCredentials(of: caller) { () throws(Errno) in
            try SystemCalls.control(opened, command, &bytes)
        }
    }

    private func openForFlags() throws(Errno) -> OwnedFileDescriptor {
        guard typeBits == S_IFREG || typeBits == S_IFDIR else { throw .inappropriateIOCTLForDevice }
        return try SystemCalls.reopen(open().descriptor, flags: O_RDONLY)
    }
}
