internal import CLinux
internal import Glibc
public import SystemPackage

/// A directory of the machine as the place where files are kept.
///
/// It is found by its path once; afterwards everything is relative to its descriptor, so that it
/// may be renamed or mounted over.
///
/// Thread safety: any thread.
public final class DirectoryStore: Sendable {
    /// The directory itself.
    public let root: StoreNode
    /// Its absolute path without symbolic links, when the store was opened.
    public let path: String

    private let reference: RootReference

    /// Opens the directory at `path`, following symbolic links to it.
    ///
    /// About `descriptorCountMax` descriptors of objects stay open at once; others are opened when
    /// they are needed, by file handles if this process may, or else by name, which is also what
    /// `usesHandles` false asks for.
    ///
    /// Errors: ENOENT, ENOTDIR, EACCES if it cannot be listed.
    public init(
        path: String,
        descriptorCountMax: Int = 4096,
        usesHandles: Bool = true
    ) throws(Errno) {
        let opened = try SystemCalls.open(path: path, flags: O_RDONLY | O_DIRECTORY)
        let attributes = try SystemCalls.attributes(of: opened)
        reference = RootReference(
            opened,
            device: attributes.device,
            usesHandles: usesHandles,
            descriptorCountMax: descriptorCountMax
        )
        let flags = Int32(CLINUX_O_PATH) | O_DIRECTORY
        let descriptor = try SystemCalls.reopen(reference.descriptor, flags: flags)
        root = try reference.node(descriptor).0
        // No name leads to it.
        try root.hold()
        self.path = try reference.absolutePath()
    }

    /// The number of descriptors that are open for objects.
    var descriptorCount: Int { reference.descriptors.count }

    /// Finds an object by its handle.
    ///
    /// A directory must lie in the tree. Where another object lies cannot be told, since it may
    /// have several names: whoever may ask by handles (CAP_DAC_READ_SEARCH) may do so on the
    /// backing file system as well.
    ///
    /// Errors: ESTALE if there is no such object.
    public func node(of handle: FileHandle) throws(Errno) -> (StoreNode, FileAttributes) {
        guard reference.hasHandles else { throw .staleNFSFileHandle }
        let found = try reference.node(SystemCalls.open(handle, on: reference.descriptor))
        if found.1.linkCount == 0 || (found.1.isDirectory && found.0.path() == nil) {
            throw .staleNFSFileHandle
        }
        return found
    }

    /// Makes the directory this store's own until it is gone; false if it is another's.
    ///
    /// The lock is advisory and says something to those alone who ask, as every daemon does. Where
    /// the file system has no locks there is nothing to ask, and the answer is true.
    public func claim() -> Bool {
        SystemCalls.claim(reference.descriptor)
    }

    /// Waits until the whole backing file system is on the medium.
    public func syncFileSystem() throws(Errno) {
        try SystemCalls.syncFileSystem(of: reference.descriptor)
    }

    /// Walks the names from the root; the root itself for none.
    public func resolve(
        _ names: some Sequence<FileName>
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        var found = (root, try root.attributes())
        for name in names { found = try found.0.lookup(name) }
        return found
    }
}
