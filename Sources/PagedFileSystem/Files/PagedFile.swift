internal import Storage
internal import Support
internal import Synchronization
internal import SystemPackage
internal import VMCore
internal import Writeback

/// One regular file: its VMO, its backing file, and what binds them.
///
/// All hard links and all opens of a file share it. It lives as long as its inode is known to the
/// kernel, is open, or has something to write back.
///
/// Locks, in order: the gate (held across I/O, taken first), `content`, the VMO's own.
/// Shrinking the VMO needs the gate and `content`; growing and supplying it, `content`.
final class PagedFile: Sendable {
    let node: StoreNode
    let context: FileContext
    let vmo: VirtualMemoryObject
    let content: Guarded<FileContent>
    let backing: BackingHandle
    let gate = TicketGate()

    /// Whether the pager loop has the file in its queue, so that a write need not put it there.
    let isQueued = Atomic(false)
    /// When the oldest dirty page was written, in nanoseconds of the monotonic clock; 0 if none.
    let dirtySince = Atomic<UInt64>(0)
    /// Whether the last name is gone; an atomic, since the pager loop asks under its own lock.
    let isUnlinked = Atomic(false)
    /// Whether the file has no name yet, but may get one as long as it is open.
    private let isUnnamed = Atomic(false)
    let hasOpens = Atomic(false)
    /// Whether the kernel has been given bytes to keep since the file was last closed.
    let isCachedByKernel = Atomic(false)
    /// Whether the kernel's cache has handed over bytes since the kernel was told the attributes.
    ///
    /// It keeps the count of blocks that it was told then: writing back is no change to it.
    let hasUntoldBlocks = Atomic(false)
    /// The count of blocks that was last told.
    private let toldBlocks: Atomic<UInt64>
    /// Called when a flush has succeeded.
    let didFlush: @Sendable () -> Void

    init(
        node: StoreNode,
        attributes: FileAttributes,
        context: FileContext,
        decorate: @escaping @Sendable (any BackingFile) -> any BackingFile,
        didFlush: @escaping @Sendable () -> Void
    ) throws(Status) {
        self.node = node
        self.context = context
        self.didFlush = didFlush
        content = Guarded(FileContent(attributes), rank: .inode)
        toldBlocks = Atomic(attributes.blocks)
        backing = BackingHandle(
            node,
            counts: context.counts,
            countMax: context.openBackingFileCountMax,
            decorate: decorate
        )
        vmo = try context.pager.createVMO(
            size: attributes.size,
            options: .resizable,
            source: PageInService(
                content: content,
                backing: backing,
                node: node,
                context: context
            )
        )
    }

    /// The size in bytes, as the mount shows it.
    var size: UInt64 { content.withLock { $0.size } }

    /// Whether something waits to be written back: pages, the size, or times.
    var isDirty: Bool {
        content.withLock { $0.areBackingTimesStale || $0.areTimesUnderWay } || hasDirtyContent
    }

    /// Whether anybody has the file open.
    var isOpen: Bool { hasOpens.load(ordering: .relaxed) }

    /// Whether pages or the size wait to be written back.
    var hasDirtyContent: Bool {
        content.withLock { $0.size != $0.backingSize || vmo.counts.isDirty }
    }

    /// Sets the modification time; the backing file gets it at writeback.
    func setModificationTime(_ change: FileTimeChange) {
        guard let time = change.time else { return }
        content.withLock { content in
            content.modificationTime = time
            content.changeTime = .now
            content.areBackingTimesStale = true
            // A time near now is that of a write, of which the kernel tells us.
            if !time.isNear(.now) { content.isModificationTimeSet = true }
        }
        if isWorthKeeping { noteDirty() }
    }

    /// Puts the file into the pager loop's queue unless it is there; called after each change.
    func noteDirty() {
        if dirtySince.load(ordering: .relaxed) == 0 {
            dirtySince.store(MonotonicClock().now, ordering: .relaxed)
        }
        if isQueued.load(ordering: .relaxed) { return }
        if !isQueued.exchange(true, ordering: .acquiringAndReleasing) {
            context.engine.enqueue(self)
        }
    }

    /// Overlays what the mount knows better than the backing file.
    func overlay(_ attributes: inout FileAttributes) {
        hasUntoldBlocks.store(false, ordering: .sequentiallyConsistent)
        let dirtyPages = vmo.counts.dirtyData
        content.withLock { content in
            attributes.size = content.size
            attributes.modificationTime = content.modificationTime
            attributes.changeTime = content.changeTime
        }
        // A dirty page will have a block by the time it is written, unless it has one already.
        let whole = pageCount(coveringBytes: attributes.size) * (pageSize / 512)
        let planned = attributes.blocks + UInt64(dirtyPages) * (pageSize / 512)
        attributes.blocks = max(attributes.blocks, min(planned, whole))
        toldBlocks.store(attributes.blocks, ordering: .relaxed)
    }

    /// Whether writeback has made the count of blocks another one than was last told.
    var hasOtherBlocks: Bool {
        guard let fresh = try? node.attributes() else { return false }
        return fresh.blocks != toldBlocks.load(ordering: .relaxed)
    }

    /// Takes over what a change of attributes did to the backing file's own: called with fresh
    /// ones after chmod, link, rename and the like, which we pass through.
    func noteAttributes(_ attributes: FileAttributes) {
        content.withLock { content in
            content.changeTime = attributes.changeTime
            content.version = BackingVersion(attributes)
        }
    }

    /// Takes note that nobody has the file open any more: from now on others may change the backing
    /// file, and at the next open it will be compared with how it is now.
    func noteClosed() {
        hasOpens.store(false, ordering: .relaxed)
        isCachedByKernel.store(false, ordering: .relaxed)
        if isUnnamed.load(ordering: .relaxed) { noteUnlinked() }
        if !isDirty, isWorthKeeping, let fresh = try? node.attributes() {
            content.withLock { $0.version = BackingVersion(fresh) }
        }
        closeBackingIfIdle()
    }

    /// Closes the backing file unless somebody has the file open.
    ///
    /// One that waits for writeback keeps it, which then need not open it again, but not if too
    /// many do.
    func closeBackingIfIdle() {
        if isOpen { return }
        if !isDirty || !isWorthKeeping {
            backing.close()
        } else if context.counts.backingFiles.value > context.backingFileCountMax {
            backing.closeIfReplaceable()
        }
    }

    /// Takes note that the last name is gone: nothing need be written back any more.
    func noteUnlinked() {
        isUnlinked.store(true, ordering: .relaxed)
    }

    /// Takes note that there is no name yet: the file is written back like any other, because
    /// whoever syncs it may mean to give it a name then.
    func noteUnnamed() {
        isUnnamed.store(true, ordering: .relaxed)
    }

    /// Takes note that there is a name, perhaps the first one.
    func noteLinked() {
        isUnnamed.store(false, ordering: .relaxed)
        isUnlinked.store(false, ordering: .relaxed)
    }

    /// Drops all pages without writeback: the file is gone.
    func discard() {
        gate.withGate { vmo.discard() }
        backing.close()
    }
}

extension PageCounts {
    /// Pages that a query would report: data or zeros.
    var isDirty: Bool { dirtyData > 0 || dirtyZero > 0 }

    /// Dirty pages with data, awaiting clean or not.
    var dirtyData: Int { dirty + awaitingClean }
}
