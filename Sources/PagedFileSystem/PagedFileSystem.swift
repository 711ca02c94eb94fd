public import Storage
public import Support
internal import Synchronization
public import SystemPackage
public import VMCore
public import Writeback

/// The file system: names and attributes pass through to the backing directory, content and size of
/// regular files live in VMOs and are written back.
///
/// Knows no FUSE.
///
/// Thread safety: any thread. Every call may block on the backing file system; a write may also
/// wait for memory and for writeback.
public final class PagedFileSystem: Sendable {
    /// What a mount may choose.
    public struct Options: Sendable {
        /// Memory and writeback.
        public var limits: WritebackLimits
        /// Whether the kernel caches writes and keeps size and modification time itself meanwhile.
        public var usesKernelWritebackCache = true
        /// Inodes in memory, about, of those that file handles find again; the kernel may know any
        /// number.
        public var inodeCountMax = 16384
        /// Backing files that may stay open for files that nobody has open and that are dirty.
        public var backingFileCountMax = 4096
        /// Backing files that may stay open at all; those of more open files are opened for each
        /// use.
        public var openBackingFileCountMax = Int.max

        /// Makes options with the kernel's write-back cache on.
        public init(limits: WritebackLimits) {
            self.limits = limits
        }
    }

    /// The backing directory.
    public let store: DirectoryStore
    /// The pager of all files.
    public let pager: Pager
    /// The pager loop.
    public let engine: WritebackEngine
    /// What applications did.
    public let counts = FileSystemCounts()

    let options: Options
    let inodes: InodeTable
    let openFiles = OpenFileTable()
    let changes = ChangeGate()
    let context: FileContext
    let decorate: @Sendable (any BackingFile) -> any BackingFile
    let prefaulter: FramePrefaulter
    private let cache = Guarded<(any KernelCache)?>(nil, rank: .leaf)
    private let isShutDownFlag = Atomic(false)

    /// Makes the file system of a backing directory; `start` lets its writeback run.
    ///
    /// `decorate` wraps every backing file that is opened; tests put faults there.
    ///
    /// Errors: `ENOMEM` if there is no address space for the frame arena; the errno of the root.
    public init(
        store: DirectoryStore,
        options: Options,
        events: any PageEventSink = NoEvents(),
        decorate: @escaping @Sendable (any BackingFile) -> any BackingFile = { $0 }
    ) throws(Errno) {
        self.store = store
        self.options = options
        self.decorate = decorate
        let arena = try FrameArena(frameCount: Int(options.limits.memoryBytes / pageSize))
        pager = Pager(arena: arena)
        engine = WritebackEngine(pager: pager, limits: options.limits, events: events)
        prefaulter = FramePrefaulter(arena: arena)
        inodes = InodeTable(
            root: store.root,
            attributes: try store.root.attributes(),
            cachedCountMax: options.inodeCountMax
        )
        context = FileContext(
            pager: pager,
            engine: engine,
            ledger: SpaceLedger(root: store.root, engine: engine, clock: MonotonicClock()),
            events: events,
            counts: counts,
            prefaulter: prefaulter,
            backingFileCountMax: options.backingFileCountMax,
            openBackingFileCountMax: options.openBackingFileCountMax
        )
    }

    /// Starts background writeback.
    public func start() {
        engine.start()
        prefaulter.start()
    }

    /// Stops background writeback; what is dirty stays dirty.
    ///
    /// `drain` writes it.
    public func stop() {
        engine.stop()
        prefaulter.stop()
    }

    /// Refuses changes of content from now on (`ENOTCONN`), and waits for those under way: what is
    /// drained afterwards is all there is.
    public func refuseChanges() {
        // As every call gets when the daemon is gone.
        changes.close(with: .socketNotConnected)
    }

    /// Ends the file system as a crash of the machine would, for those who want to see what is left
    /// then: nothing that is dirty will be written, and content can no longer be changed (`EIO`).
    ///
    /// Changes that are under way end first.
    public func shutDown() {
        isShutDownFlag.store(true, ordering: .relaxed)
        engine.shutDown()
        changes.close(with: .ioError)
    }

    /// Whether `shutDown` was called.
    public var isShutDown: Bool { isShutDownFlag.load(ordering: .relaxed) }

    /// Gives the file system the cache that the kernel keeps in front of it.
    public func attach(_ cache: any KernelCache) {
        self.cache.withLock { $0 = cache }
    }

    /// The kernel's cache.
    var attachedCache: (any KernelCache)? { cache.withLock { $0 } }

    /// The kernel's cache, if it may hold writes that we have not seen.
    var kernelCache: (any KernelCache)? {
        options.usesKernelWritebackCache ? attachedCache : nil
    }

    // MARK: - Between the tables

    /// The inode of a nodeid, found again by its handle if it is not in memory.
    ///
    /// - Throws: `ESTALE` for a nodeid that is none, or none any more.
    func inode(_ id: NodeID) throws(Errno) -> Inode {
        if let inode = inodes.cached(id) { return inode }
        guard let handle = id.handle, inodes.contains(id) else { throw .staleNFSFileHandle }
        return try revive(id, store.node(of: handle).0)
    }

    /// The inode of a nodeid that the kernel knows, with a node that was found for it.
    func revive(_ id: NodeID, _ node: StoreNode) throws(Errno) -> Inode {
        let (inode, unused) = try inodes.revive(id, node)
        for inode in unused { dispose(of: inode) }
        return inode
    }

    /// The pages of a regular file, made if this is the first use.
    ///
    /// Errors: `EISDIR` for a directory, `EINVAL` for what else has no content.
    func pagedFile(of inode: Inode) throws(Errno) -> PagedFile {
        if let file = inode.pagedFile { return file }
        return inode.adopt(try makePagedFile(of: inode, try inode.node.attributes()))
    }

    func makePagedFile(
        of inode: Inode,
        _ attributes: FileAttributes
    ) throws(Errno) -> PagedFile {
        guard attributes.isRegular else {
            throw attributes.isDirectory ? .isDirectory : .invalidArgument
        }
        let id = inode.id
        if !inode.node.hasPlace, attributes.linkCount > 0, let parent = inodes.parent(of: id),
            let directory = try? self.inode(parent).node
        {
            // Whoever watches wants to see a path, also of what its handle has found.
            try? inode.node.findName(in: directory)
        }
        do {
            return try PagedFile(
                node: inode.node,
                attributes: attributes,
                context: context,
                decorate: decorate
            ) { [weak self] in self?.noteFlushed(id) }
        } catch {
            throw Errno(error)
        }
    }

    /// Lets go of an inode that nothing needs any more.
    func dispose(of inode: Inode?) {
        inode?.pagedFile?.discard()
    }

    /// The attributes of an inode as the mount shows them.
    func attributes(of inode: Inode) throws(Errno) -> FileAttributes {
        var attributes = try inode.node.attributes()
        inode.pagedFile?.overlay(&attributes)
        return attributes
    }

    /// Takes note of a change that passed through to the backing object.
    func noteChanged(_ inode: Inode) {
        guard let file = inode.pagedFile, let fresh = try? inode.node.attributes() else { return }
        file.noteAttributes(fresh)
    }

    /// Lets go of a file that was written back, if nobody knows it and nothing more is dirty; who
    /// does may ask how many blocks it takes now.
    private func noteFlushed(_ id: NodeID) {
        if let file = inodes.cached(id)?.pagedFile, file.hasOtherBlocks {
            attachedCache?.forgetAttributes(id)
        }
        dispose(of: inodes.removeIfUnused(id))
    }

    /// An entry for a node, with one more lookup counted.
    func entry(
        for node: StoreNode,
        _ attributes: FileAttributes,
        in parent: NodeID
    ) -> Entry {
        let (inode, unused) = inodes.intern(node, attributes, in: parent)
        for inode in unused { dispose(of: inode) }
        var attributes = attributes
        inode.pagedFile?.overlay(&attributes)
        return Entry(node: inode.id, generation: 0, attributes: attributes)
    }
}
