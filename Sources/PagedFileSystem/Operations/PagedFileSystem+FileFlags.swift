public import Storage
public import SystemPackage

extension PagedFileSystem {
    /// What lsattr(1) shows.
    ///
    /// Errors: ENOTTY for what is no file or directory, and where BACKING has no flags.
    public func fileFlags(
        of node: NodeID,
        _ form: FileFlags.Form
    ) throws(Errno) -> FileFlags {
        try inode(node).node.fileFlags(form)
    }

    /// chattr(1).
    ///
    /// No regular file becomes immutable or append-only: the kernel would go on to take writes of
    /// who has it open, and what is dirty could not be written where it belongs.
    ///
    /// Errors: EPERM, EOPNOTSUPP, ENOTTY.
    public func setFileFlags(
        _ flags: FileFlags,
        of node: NodeID,
        caller: Caller
    ) throws(Errno) {
        let inode = try inode(node)
        if inode.isRegular, flags.isImmutable || flags.isAppendOnly { throw .notSupported }
        try inode.node.setFileFlags(flags, as: caller)
        noteChanged(inode)
        // The kernel does not take it for a change.
        attachedCache?.forgetAttributes(node)
    }
}
