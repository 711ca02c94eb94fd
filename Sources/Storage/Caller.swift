/// Who asks for an operation: the process behind a request, as the kernel reports it.
public struct Caller: Sendable, Hashable {
    /// The file system user id.
    public var uid: UInt32
    /// The file system group id.
    public var gid: UInt32
    /// The id of the asking thread; 0 if it cannot be seen from here.
    public var pid: UInt32
    /// The umask, which creating calls apply themselves.
    public var umask: UInt32

    /// Makes a caller.
    public init(uid: UInt32, gid: UInt32, pid: UInt32, umask: UInt32) {
        self.uid = uid
        self.gid = gid
        self.pid = pid
        self.umask = umask
    }
}
