internal import CLinux
internal import Glibc
public import SystemPackage

// What these make belongs to the caller, as if it had made it in the backing directory itself.
// They count on the daemon's own umask being 0. Errors: those of open(2), mkdir(2), mknod(2) and
// symlink(2) as the caller would get them, and EPERM where this process may not act as it.
extension StoreNode {
    /// Makes a regular file, which must not exist, and opens it.
    ///
    /// The file is open for reading and writing whatever `mode` says, as after open(2).
    public func createFile(
        _ name: FileName,
        mode: UInt32,
        caller: Caller
    ) throws(Errno) -> (node: StoreNode, attributes: FileAttributes, file: any BackingFile) {
        try checkIsEntry(name)
        let (attributes, file) = try create(
            name,
            flags: O_CREAT | O_EXCL,
            mode: mode,
            caller: caller
        )
        let place = NodePlace(name: name, directory: self)
        return (try node(of: file, attributes, at: place), attributes, file)
    }

    /// Makes a regular file without a name, which can be given one, and opens it, as above.
    ///
    /// Errors: EOPNOTSUPP where the backing file system has no such files.
    public func createUnnamedFile(
        mode: UInt32,
        caller: Caller
    ) throws(Errno) -> (node: StoreNode, attributes: FileAttributes, file: any BackingFile) {
        let flags = Int32(CLINUX_O_TMPFILE)
        let (attributes, file) = try create(.itself, flags: flags, mode: mode, caller: caller)
        let node = try node(of: file, attributes, at: nil)
        // Nothing leads to it until `makeLink`.
        let descriptor = try SystemCalls.reopen(file.descriptor, flags: Int32(CLINUX_O_PATH))
        root.descriptors.hold(SharedDescriptor(descriptor), of: node)
        return (node, attributes, file)
    }

    private func create(
        _ name: FileName,
        flags: Int32,
        mode: UInt32,
        caller: Caller
    ) throws(Errno) -> (FileAttributes, StoreFile) {
        let permissions = self.permissions(for: mode, caller: caller)
        let directory = try open()
        let created = try withCredentials(of: caller) { () throws(Errno) in
            try SystemCalls.open(
                name,
                in: directory.descriptor,
                flags: O_RDWR | flags,
                mode: permissions
            ).release()
        }
        let file = StoreFile(OwnedFileDescriptor(created))
        return (try file.attributes(), file)
    }

    /// The node of a file just made: by its descriptor, since the name might lead to another one by
    /// now.
    private func node(
        of file: StoreFile,
        _ attributes: FileAttributes,
        at place: NodePlace?
    ) throws(Errno) -> StoreNode {
        let handle = try root.handle(of: file.descriptor, device: attributes.device)
        return StoreNode(attributes, handle: handle, place: place, root: root)
    }

    /// Makes an object of the kind in `mode`: regular file, FIFO, socket or device node.
    public func makeNode(
        _ name: FileName,
        mode: UInt32,
        device: UInt64,
        caller: Caller
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        try make(name, caller: caller) { directory throws(Errno) in
            try SystemCalls.makeNode(
                name,
                in: directory.descriptor,
                mode: (mode & S_IFMT) | permissions(for: mode, caller: caller),
                device: device
            )
        }
    }

    /// Makes a directory.
    public func makeDirectory(
        _ name: FileName,
        mode: UInt32,
        caller: Caller
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        try make(name, caller: caller) { directory throws(Errno) in
            try SystemCalls.makeDirectory(
                name,
                in: directory.descriptor,
                mode: permissions(for: mode, caller: caller)
            )
        }
    }

    /// Makes a symbolic link to `target`, which may be anything: it is not followed here.
    public func makeSymbolicLink(
        _ name: FileName,
        target: [UInt8],
        caller: Caller
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        guard let target = ByteString(target) else { throw .invalidArgument }
        return try make(name, caller: caller) { directory throws(Errno) in
            try SystemCalls.makeSymbolicLink(name, in: directory.descriptor, target: target)
        }
    }

    private func make(
        _ name: FileName,
        caller: Caller,
        _ body: (SharedDescriptor) throws(Errno) -> Void
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        try checkIsEntry(name)
        // Opened as ourselves: the caller may not be allowed to find the way.
        let directory = try open()
        try withCredentials(of: caller) { () throws(Errno) in try body(directory) }
        return try lookup(name)
    }

    /// The permission bits to create with: the caller's umask taken off, except where a default
    /// ACL of this directory stands in for it, which the backing file system applies.
    private func permissions(for mode: UInt32, caller: Caller) -> UInt32 {
        let permissions = mode & 0o7777
        let masked = permissions & ~caller.umask
        if masked == permissions || hasDefaultACL { return permissions }
        return masked
    }

    private var hasDefaultACL: Bool {
        // An error says that there is none, or that this file system has no ACLs.
        (try? extendedAttributeSize("system.posix_acl_default")) != nil
    }
}
