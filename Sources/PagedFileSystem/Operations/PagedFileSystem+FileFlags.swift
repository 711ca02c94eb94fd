public import Storage
internal import Synchronization
public import SystemPackage
internal import Writeback

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
    /// What is dirty of a file that becomes immutable is written before; what the kernel's cache
    /// hands over later, written by who had it open, stays dirty until the file can be written. No
    /// regular file becomes append-only: its pages could not be written where they belong.
    ///
    /// Errors: EPERM, EOPNOTSUPP, ENOTTY; those of writing back.
    public func setFileFlags(
        _ flags: FileFlags,
        of node: NodeID,
        caller: Caller
    ) throws(Errno) {
        let inode = try inode(node)
        if inode.isRegular {
            if flags.isAppendOnly { throw .notSupported }
            if flags.isImmutable { try writeBack(inode) }
        }
        try withoutWriteback(of: inode) { () throws(Errno) in
            try inode.node.setFileFlags(flags, as: caller)
            inode.isImmutable.store(flags.isImmutable, ordering: .relaxed)
            // Whether it may be written is seen when it is opened. For other flags it stays open:
            // a daemon without privileges may have no second chance.
            if flags.isImmutable { inode.pagedFile?.backing.close() }
        }
        noteChanged(inode)
        // The kernel does not take it for a change.
        attachedCache?.forgetAttributes(node)
    }

    private func writeBack(_ inode: Inode) throws(Errno) {
        if let kernelCache, !kernelCache.handOverFromRequest(inode.id) { throw .resourceBusy }
        guard let file = inode.pagedFile else { return }
        do {
            try engine.flush(file)
        } catch {
            throw error.errno
        }
    }
}
