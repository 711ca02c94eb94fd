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
    /// Errors: ENOENT, ENOTDIR, EACCES if it cannot be listed.
    public init(path: String) throws(Errno) {
        let opened = try SystemCalls.open(path: path, flags: O_RDONLY | O_DIRECTORY)
        let attributes = try SystemCalls.attributes(of: opened)
        reference = RootReference(opened)
        let flags = Int32(CLINUX_O_PATH) | O_DIRECTORY
        let descriptor = try SystemCalls.reopen(reference.descriptor, flags: flags)
        root = StoreNode(descriptor, attributes: attributes, root: reference)
        self.path = try reference.absolutePath()
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
