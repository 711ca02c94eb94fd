internal import CLinux
internal import Glibc
internal import Support
public import SystemPackage

/// One object of the backing tree: what is called a file, directory, link or node, whatever its
/// names.
///
/// Calls go to an `O_PATH` descriptor that was opened with `O_NOFOLLOW`, never to a path: no rename
/// and no symbolic link leads elsewhere. The descriptor may have been closed meanwhile; then the
/// node's place or its file handle leads to the object again (ESTALE if they do not).
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
    /// What finds the object again when this node is gone; nil where nothing does.
    public let handle: FileHandle?

    let root: RootReference
    private let birthTime: FileTime?
    // SAFETY: touched only under `root.descriptors.withLock(of: self)`, and in `deinit`.
    nonisolated(unsafe) private var guardedPlace: NodePlace?
    /// Nodes whose place is in this directory.
    private let tenantCount = Counter()

    /// Makes the node of an object with these attributes, found at `place`, or by its handle alone.
    init(
        _ attributes: FileAttributes,
        handle: FileHandle?,
        place: NodePlace?,
        root: RootReference
    ) {
        identity = attributes.identity
        typeBits = attributes.typeBits
        birthTime = attributes.birthTime
        self.handle = handle
        self.root = root
        unsafe guardedPlace = place
        place?.directory.tenantCount.add(1)
    }

    deinit {
        root.descriptors.remove(ObjectIdentifier(self))
        // One after the other: each directory would end the next within its own end, and trees are
        // deeper than stacks.
        var next = unsafe guardedPlace
        unsafe guardedPlace = nil
        while let place = next {
            next = nil
            place.directory.tenantCount.add(-1)
            var directory = place.directory
            // The second reference is that of `place`.
            _ = consume place
            if isKnownUniquelyReferenced(&directory) {
                next = unsafe directory.guardedPlace
                unsafe directory.guardedPlace = nil
            }
        }
    }

    /// Whether the store finds the object again by its handle, and nothing else needs this node.
    public var isReplaceable: Bool {
        handle != nil && tenantCount.value == 0 && !root.descriptors.isHeld(self)
    }

    /// The attributes now.
    public func attributes() throws(Errno) -> FileAttributes {
        try SystemCalls.attributes(of: open().descriptor)
    }

    /// Whether these are attributes of this very object, not of one that got its inode number.
    public func isSame(as attributes: FileAttributes) -> Bool {
        // Where there are no handles the time of birth need not stay: overlayfs changes it.
        identity == attributes.identity && typeBits == attributes.typeBits
            && (handle == nil || birthTime == attributes.birthTime)
    }

    /// Finds the object called `name` in this directory.
    ///
    /// Errors: ENOENT, ENOTDIR, ENAMETOOLONG, EACCES for a daemon without privilege.
    public func lookup(_ name: FileName) throws(Errno) -> (StoreNode, FileAttributes) {
        try lookup(name, seen: attributes(ofChild: name))
    }

    /// The same, when the attributes of that object have just been asked for.
    public func lookup(
        _ name: FileName,
        seen: FileAttributes
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        var attributes = seen
        while true {
            let handle = try root.handle(of: name, in: open(), device: attributes.device)
            if let handle, handle.inode != attributes.inode {
                // The name leads to another object by now.
                attributes = try self.attributes(ofChild: name)
                continue
            }
            let place = NodePlace(name: name, directory: self)
            let node = StoreNode(attributes, handle: handle, place: place, root: root)
            return (node, attributes)
        }
    }

    /// The attributes of the object called `name` in this directory.
    ///
    /// Errors: ENOENT, ENOTDIR, ENAMETOOLONG, EACCES.
    public func attributes(ofChild name: FileName) throws(Errno) -> FileAttributes {
        try checkIsEntry(name)
        return try SystemCalls.attributes(of: name, in: open().descriptor)
    }

    /// The directory that holds this directory.
    ///
    /// Errors: ESTALE if this is the root, or lies outside the tree by now.
    public func parent() throws(Errno) -> (StoreNode, FileAttributes) {
        let flags = Int32(CLINUX_O_PATH) | O_DIRECTORY
        let found = try root.node(SystemCalls.open(.parent, in: open().descriptor, flags: flags))
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
            return StoreFile(try SystemCalls.reopen(open().descriptor, flags: O_RDWR))
        } catch  where writeRefusals.contains(error) {
            return StoreFile(
                try SystemCalls.reopen(open().descriptor, flags: O_RDONLY),
                writeRefusal: error
            )
        }
    }

    /// Whether `openFile` would give a file, one that takes writes if asked for, as far as
    /// permissions go.
    public func canOpenFile(forWriting: Bool) -> Bool {
        guard let opened = try? open() else { return false }
        return SystemCalls.isAccessible(opened.descriptor, mode: forWriting ? R_OK | W_OK : R_OK)
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
        return try SystemCalls.linkTarget(of: open().descriptor)
    }

    /// Space and limits of the file system that holds this object.
    public func statistics() throws(Errno) -> FileSystemStatistics {
        try SystemCalls.statistics(of: open().descriptor)
    }

    /// A name that leads to the object from the root of the store, without a `/` at the front and
    /// empty for the root itself; nil if it has none any more.
    ///
    /// For messages only: it may be out of date before it is returned, and a file that lost one of
    /// several names may come with the kernel's word for that, ` (deleted)`.
    public func path() -> String? {
        root.path(of: self)
    }

    // MARK: - Where the object is

    /// Where the node was found, if that is known.
    var place: NodePlace? {
        root.descriptors.withLock(of: self) { unsafe guardedPlace }
    }

    /// Takes note that the object has another name now; nil if that is not known.
    func move(to place: NodePlace?) {
        place?.directory.tenantCount.add(1)
        let previous = root.descriptors.withLock(of: self) {
            let previous = unsafe guardedPlace
            unsafe guardedPlace = place
            return previous
        }
        previous?.directory.tenantCount.add(-1)
    }

    /// Keeps the object alive, and findable, as long as this node lives or until `letGo`.
    ///
    /// For one that is about to lose its last name, or to be moved where only a name leads to it.
    func hold() throws(Errno) {
        root.descriptors.hold(try open(), of: self)
    }

    /// Takes back one `hold`.
    func letGo() {
        root.descriptors.release(self)
    }

    /// The descriptor, opened again if it was closed.
    ///
    /// By name where that is one step, or the only way: what is opened by its handle may have no
    /// path for `path()`. Errors: ESTALE if the object is not found.
    func open() throws(Errno) -> SharedDescriptor {
        let cache = root.descriptors
        if let descriptor = cache.descriptor(of: self) { return descriptor }
        // From here up to what is open or has a handle, then down again: trees may be deep.
        var steps: [(node: StoreNode, name: FileName)] = []
        var node = self
        var found: SharedDescriptor
        while true {
            if let descriptor = cache.descriptor(of: node) {
                found = descriptor
                break
            }
            guard let place = node.place,
                node.handle == nil || cache.descriptor(of: place.directory) != nil
            else {
                found = try node.openByHandle()
                break
            }
            steps.append((node, place.name))
            node = place.directory
        }
        for step in steps.reversed() { found = try step.node.open(step.name, in: found) }
        return found
    }

    private func open(
        _ name: FileName,
        in directory: SharedDescriptor
    ) throws(Errno) -> SharedDescriptor {
        do throws(Errno) {
            let flags = Int32(CLINUX_O_PATH)
            let opened = try SystemCalls.open(name, in: directory.descriptor, flags: flags)
            if isSame(as: try SystemCalls.attributes(of: opened)) {
                return root.descriptors.add(SharedDescriptor(opened), of: self)
            }
        } catch .noSuchFileOrDirectory, .notDirectory, .staleNFSFileHandle {
            // Somebody changed the backing directory behind our back.
        }
        return try openByHandle()
    }

    private func openByHandle() throws(Errno) -> SharedDescriptor {
        guard let handle else { throw .staleNFSFileHandle }
        let opened = try SystemCalls.open(handle, on: root.descriptor)
        return root.descriptors.add(SharedDescriptor(opened), of: self)
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

    private func reopenDirectory() throws(Errno) -> OwnedFileDescriptor {
        guard typeBits == S_IFDIR else { throw .notDirectory }
        return try SystemCalls.reopen(open().descriptor, flags: O_RDONLY | O_DIRECTORY)
    }
}
