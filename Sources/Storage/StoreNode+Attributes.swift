public import SystemPackage

extension StoreNode {
    /// Sets the permission bits, with setuid, setgid and sticky.
    ///
    /// Errors: EOPNOTSUPP for a symbolic link, which has none.
    public func setMode(_ mode: UInt32) throws(Errno) {
        try SystemCalls.setMode(mode & 0o7777, of: open().descriptor)
    }

    /// Sets the owner, the group or both; of a symbolic link, the link's own.
    ///
    /// The kernel drops setuid and setgid of a regular file by this. Where a caller is given, it is
    /// that one who must be allowed to do so.
    public func setOwner(uid: UInt32?, gid: UInt32?, as caller: Caller? = nil) throws(Errno) {
        guard let caller else {
            return try SystemCalls.setOwner(uid: uid, gid: gid, of: open().descriptor)
        }
        try withCredentials(of: caller) { () throws(Errno) in
            try setOwner(uid: uid, gid: gid)
        }
    }

    /// Sets the access and modification times; of a symbolic link, the link's own.
    public func setTimes(access: FileTimeChange, modification: FileTimeChange) throws(Errno) {
        try SystemCalls.setTimes(
            access: access,
            modification: modification,
            of: open().descriptor
        )
    }
}
