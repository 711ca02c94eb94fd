internal import CLinux
internal import Glibc
public import SystemPackage

/// One object of the backing tree, held by an `O_PATH` descriptor that was opened with
/// `O_NOFOLLOW`: never by a path, so that no rename and no symbolic link leads elsewhere.
///
/// Names are relative to the node. `.` and `..` are refused (EINVAL), so that a walk from the root
/// never leaves the tree. Every call may block on the backing file system.
///
/// Thread safety: any thread.
public final class StoreNode: Sendable {
    /// What tells this object from all others.
    public let identity: NodeIdentity
    /// The type bits (`S_IFMT`), which never change.
    public let typeBits: UInt32

    let descriptor: OwnedFileDescriptor
    let root: RootReference

    init(
        _ descriptor: consuming OwnedFileDescriptor,
        attributes: FileAttributes,
        root: RootReference
    ) {
        self.descriptor = descriptor
        self.root = root
        identity = attributes.identity
        typeBits = attributes.typeBits
    }

    /// The attributes now.
    public func attributes() throws(Errno) -> FileAttributes {
        try SystemCalls.attributes(of: descriptor)
    }

    /// What finds the object again when this node is gone; nil where nothing does.
    public var handle: FileHandle? {
        guard root.handleDevice == identity.device else { return nil }
        return try? SystemCalls.handle(of: descriptor)
    }

    /// Finds the object called `name` in this directory.
    ///
    /// Errors: ENOENT, ENOTDIR, ENAMETOOLONG, EACCES for a daemon without privilege.
    public func lookup(_ name: FileName) throws(Errno) -> (StoreNode, FileAttributes) {
        try checkIsEntry(name)
        let flags = Int32(CLINUX_O_PATH)
        return try node(SystemCalls.open(name, in: descriptor, flags: flags))
    }

    /// The attributes of the object called `name` in this directory, without a descriptor of it.
    ///
    /// Errors: ENOENT, ENOTDIR, ENAMETOOLONG, EACCES.
    public func attributes(ofChild name: FileName) throws(Errno) -> FileAttributes {
        try checkIsEntry(name)
        return try SystemCalls.attributes(of: name, in: descriptor)
    }

    /// The directory that holds this directory.
    ///
    /// Errors: ESTALE if this is the root, or lies outside the tree by now.
    public func parent() throws(Errno) -> (StoreNode, FileAttributes) {
        let flags = Int32(CLINUX_O_PATH) | O_DIRECTORY
        let found = try node(SystemCalls.open(.parent, in: descriptor, flags: flags))
        guard path() != "", found.0.path() != nil else { throw .staleNFSFileHandle }
        return found
    }

    /// Opens the bytes of this regular file for reading and, if the backing allows it, writing.
    ///
    /// No flag of an application comes through: the file is read for partial pages, and writes go
    /// where they are told.
    ///
    /// Errors: EISDIR for a directory, EINVAL for any other object that is no regular file.
    public func openFile() throws(Errno) -> any BackingFile {
        guard typeBits == S_IFREG else {
            throw typeBits == S_IFDIR ? .isDirectory : .invalidArgument
        }
        do {
            return StoreFile(try SystemCalls.reopen(descriptor, flags: O_RDWR))
        } catch  where writeRefusals.contains(error) {
            return StoreFile(
                try SystemCalls.reopen(descriptor, flags: O_RDONLY),
                writeRefusal: error
            )
        }
    }

    /// Opens this directory for listing.
    public func openDirectory() throws(Errno) -> DirectoryStream {
        DirectoryStream(try reopenDirectory())
    }

    /// Waits until the names in this directory are on the medium.
    public func syncDirectory() throws(Errno) {
        try SystemCalls.sync(reopenDirectory(), dataOnly: false)
    }

    /// The target of this symbolic link, as it was given when the link was made.
    ///
    /// Errors: EINVAL if this is something else.
    public func readLink() throws(Errno) -> [UInt8] {
        guard typeBits == S_IFLNK else { throw .invalidArgument }
        return try SystemCalls.linkTarget(of: descriptor)
    }

    /// Space and limits of the file system that holds this object.
    public func statistics() throws(Errno) -> FileSystemStatistics {
        try SystemCalls.statistics(of: descriptor)
    }

    /// A name that leads to the object from the root of the store, without a `/` at the front and
    /// empty for the root itself; nil if it has none any more.
    ///
    /// For messages only: it may be out of date before it is returned, and a file that lost one of
    /// several names may come with the kernel's word for that, ` (deleted)`.
    public func path() -> String? {
        root.path(of: self)
    }
}

/// What open(2) says of a file that may perhaps be read but not written.
private let writeRefusals: Set<Errno> = [
    .readOnlyFileSystem, .permissionDenied, .notPermitted, .textFileBusy,
]

extension StoreNode {
    func checkIsEntry(_ name: FileName) throws(Errno) {
        if name.isDotOrDotDot { throw .invalidArgument }
    }

    func node(
        _ descriptor: consuming OwnedFileDescriptor
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        let attributes = try SystemCalls.attributes(of: descriptor)
        return (StoreNode(descriptor, attributes: attributes, root: root), attributes)
    }

    private func reopenDirectory() throws(Errno) -> OwnedFileDescriptor {
        guard typeBits == S_IFDIR else { throw .notDirectory }
        return try SystemCalls.reopen(descriptor, flags: O_RDONLY | O_DIRECTORY)
    }
}
