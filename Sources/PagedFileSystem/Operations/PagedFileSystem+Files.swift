internal import Storage
internal import Support
internal import Synchronization
public import SystemPackage
internal import Writeback

// Open flags of Linux on x86-64 and arm64 that matter here; the others concern the kernel alone.
// No flag reaches the backing file: it is read for partial pages whatever the application may do,
// and the kernel positions the writes of O_APPEND itself.
private let accessModeMask: Int32 = 0o3
private let truncateFlag: Int32 = 0o1000

extension PagedFileSystem {
    /// open(2) of an existing regular file.
    ///
    /// `unprivileged`, here and below: who makes the file lose setuid, setgid and capabilities by
    /// what it does, if the kernel says so.
    public func open(
        _ node: NodeID,
        flags: Int32,
        unprivileged: Caller? = nil
    ) throws(Errno) -> OpenResult {
        let inode = try inode(node)
        let (file, keepsCache) = try currentPagedFile(of: inode)
        if flags & accessModeMask != 0 { _ = try file.backing.openForWriting() }
        let id = register(file, of: inode, flags: flags)
        guard flags & truncateFlag != 0 else { return OpenResult(file: id, keepsCache: keepsCache) }
        do throws(Errno) {
            if let unprivileged { try dropPrivileges(of: inode, by: unprivileged) }
            try changes.pass { () throws(Errno) in
                try file.setSize(0, stampsTimes: stampsTimes)
            }
        } catch {
            release(id, node: node)
            throw error
        }
        return OpenResult(file: id, keepsCache: keepsCache)
    }

    /// The pages of a file that is being opened.
    ///
    /// If somebody changed the backing file behind our back, and we have nothing dirty and nobody
    /// has it open, what we have of it is forgotten.
    private func currentPagedFile(of inode: Inode) throws(Errno) -> (PagedFile, keepsCache: Bool) {
        if let changed = try changedAttributes(of: inode) {
            let file = try makePagedFile(of: inode, changed)
            if let old = inode.replaceUnused(with: file) {
                old.discard()
                return (file, false)
            }
        }
        return (try pagedFile(of: inode), true)
    }

    /// The attributes of the backing file, if they say that somebody else changed it since it was
    /// last open here.
    private func changedAttributes(of inode: Inode) throws(Errno) -> FileAttributes? {
        guard let file = inode.pagedFile, inodes.openCount(inode.id) == 0, !file.isDirty else {
            return nil
        }
        let fresh = try inode.node.attributes()
        return file.content.withLock { $0.version == BackingVersion(fresh) } ? nil : fresh
    }

    func register(_ file: PagedFile, of inode: Inode, flags: Int32) -> OpenFileID {
        inodes.retainOpen(inode.id)
        file.hasOpens.store(true, ordering: .relaxed)
        counts.openFiles.add(1)
        return openFiles.add(
            OpenFile(
                inode: inode,
                kind: .file(file),
                isWritable: flags & accessModeMask != 0,
                failuresSeen: file.content.withLock { $0.failureCount }
            )
        )
    }

    /// The last close of an open file.
    public func release(_ file: OpenFileID, node: NodeID) {
        guard let open = openFiles.remove(file) else { return }
        counts.openFiles.add(-1)
        let (isOpen, unused) = inodes.releaseOpen(open.inode.id)
        if !isOpen, case .file(let file) = open.kind { file.noteClosed() }
        dispose(of: unused)
    }

    /// Reads up to `count` bytes; fewer at the end of the file.
    ///
    /// `isDirect` says that the kernel keeps no copy.
    /// Errors: what the backing file fails with when absent pages are asked of it.
    public func read(
        _ file: OpenFileID,
        node: NodeID,
        at offset: UInt64,
        count: Int,
        isDirect: Bool = false
    ) throws(Errno) -> ReadReply {
        let file = try pagedFile(file)
        // Before the read, so that a write which this one does not see sees this.
        if !isDirect { file.isCachedByKernel.store(true, ordering: .sequentiallyConsistent) }
        return try file.read(at: offset, count: count)
    }

    /// Writes bytes into pages.
    ///
    /// Errors: ENOSPC, EFBIG, EIO when nothing more can be
    /// dirty.
    public func write(
        _ file: OpenFileID,
        node: NodeID,
        at offset: UInt64,
        from bytes: UnsafeRawBufferPointer,
        origin: WriteOrigin,
        unprivileged: Caller? = nil
    ) throws(Errno) -> Int {
        let open = try openFiles.file(file)
        guard case .file(let file) = open.kind else { throw .badFileDescriptor }
        let inode = open.inode
        if let unprivileged {
            try dropPrivileges(of: inode, by: unprivileged)
        } else if origin != .kernelCache {
            // For what was written into its cache the kernel has seen to that, and a store through
            // a mapping takes nothing away.
            try noteContentChange(of: inode)
        }
        let range = ByteRange(offset: offset, length: UInt64(bytes.count))
        do throws(Errno) {
            var count = 0
            // The kernel takes a short answer to what it hands over for all of it, so the rest is
            // tried until there is an error to tell.
            repeat {
                count += try changes.pass { () throws(Errno) in
                    unsafe try file.write(
                        UnsafeRawBufferPointer(rebasing: bytes[count...]),
                        at: offset + UInt64(count),
                        stampsTimes: stampsTimes
                    )
                }
            } while origin == .kernelCache && count < bytes.count
            if origin == .kernelCache,
                !file.hasUntoldBlocks.exchange(true, ordering: .sequentiallyConsistent)
            {
                attachedCache?.forgetAttributes(inode.id)
            }
            // A buffered read may have taken a page into the kernel's cache since the kernel
            // emptied it for this write, which it does not do again after asynchronous I/O.
            if origin == .directIO, let range,
                file.isCachedByKernel.load(ordering: .sequentiallyConsistent)
            {
                attachedCache?.forgetFromRequest(inode.id, range)
            }
            return count
        } catch {
            if origin == .kernelCache, let range {
                // The kernel has told the application that the file reaches so far.
                if error != .fileTooLarge {
                    file.extend(to: range.end)
                    file.noteDirty()
                }
                attachedCache?.forgetSoon(inode.id, range)
            }
            throw error
        }
    }

    /// close(2) of one descriptor: tells of a writeback that failed, writes nothing.
    public func flush(_ file: OpenFileID, node: NodeID) throws(Errno) {
        try reportFailure(to: openFiles.file(file))
    }

    /// fsync(2) and fdatasync(2).
    public func sync(_ file: OpenFileID, node: NodeID, dataOnly: Bool) throws(Errno) {
        let open = try openFiles.file(file)
        guard case .file(let file) = open.kind else { throw .badFileDescriptor }
        do {
            try file.sync(dataOnly: dataOnly)
        } catch {
            // Told now, so not again.
            open.failuresSeen.store(
                file.content.withLock { $0.failureCount },
                ordering: .relaxed
            )
            throw error.errno
        }
        try reportFailure(to: open)
    }

    /// Throws the last failure of writeback unless this open file has been told.
    private func reportFailure(to open: OpenFile) throws(Errno) {
        guard case .file(let file) = open.kind else { return }
        let (count, failure) = file.content.withLock { ($0.failureCount, $0.toldFailure) }
        let seen = open.failuresSeen.exchange(count, ordering: .relaxed)
        if seen != count, let failure { throw failure }
    }

    /// fallocate(2).
    ///
    /// Errors: EOPNOTSUPP for modes other than plain, KEEP_SIZE, PUNCH_HOLE with KEEP_SIZE, and
    /// ZERO_RANGE with or without KEEP_SIZE; ENOSPC; EFBIG.
    public func allocate(
        _ file: OpenFileID,
        node: NodeID,
        mode: Int32,
        offset: Int64,
        length: Int64
    ) throws(Errno) {
        guard offset >= 0, length > 0,
            let range = ByteRange(offset: UInt64(offset), length: UInt64(length))
        else { throw .invalidArgument }
        guard range.end <= fileSizeMax else { throw .fileTooLarge }
        let file = try pagedFile(file)
        try noteContentChange(of: inode(node))
        let keepsSize = mode & AllocationMode.keepSize != 0
        switch mode & ~AllocationMode.keepSize {
        case 0:
            try changes.pass { () throws(Errno) in
                try file.allocate(range, keepsSize: keepsSize, stampsTimes: stampsTimes)
            }
        case AllocationMode.zeroRange:
            try makeZero(range, of: file, node, extends: !keepsSize)
        case AllocationMode.punchHole where keepsSize:
            try makeZero(range, of: file, node, extends: false)
        default: throw .notSupported
        }
    }

    private func makeZero(
        _ range: ByteRange,
        of file: PagedFile,
        _ node: NodeID,
        extends: Bool
    ) throws(Errno) {
        do throws(Errno) {
            try changes.pass { () throws(Errno) in
                try file.makeZero(range, extends: extends, stampsTimes: stampsTimes)
            }
        } catch {
            // After a failure the kernel keeps its pages, though some may be zeros here.
            attachedCache?.forgetFromRequest(node, range)
            throw error
        }
    }

    /// lseek(2) with SEEK_DATA (3) or SEEK_HOLE (4).
    ///
    /// Errors: ENXIO beyond the end, or if there is no more data; EINVAL for another `whence`.
    public func seek(
        _ file: OpenFileID,
        node: NodeID,
        offset: Int64,
        whence: Int32
    ) throws(Errno) -> UInt64 {
        let paged = try pagedFile(file)
        guard offset >= 0 else { throw .noSuchAddressOrDevice }
        let target: SeekTarget
        switch whence {
        case 3: target = .data
        case 4: target = .hole
        default: throw .invalidArgument
        }
        // What the kernel has not handed over yet would look like a hole.
        if let kernelCache, isOpenForWriting(node), !kernelCache.handOverFromRequest(node) {
            // Unknown, and "all of it is data" is true of every file.
            guard UInt64(offset) < paged.size else { throw .noSuchAddressOrDevice }
            return target == .data ? UInt64(offset) : paged.size
        }
        guard let found = try paged.seek(target, from: UInt64(offset)) else {
            throw .noSuchAddressOrDevice
        }
        return found
    }

    /// copy_file_range(2): copies through pages; whole pages of zeros stay holes.
    ///
    /// - Returns: the bytes copied; fewer than asked for at the end of the source, and where no
    ///   more can be written: the kernel takes the target's size from this.
    public func copyRange(
        from source: OpenFileID,
        node: NodeID,
        at sourceOffset: UInt64,
        to target: OpenFileID,
        node targetNode: NodeID,
        at targetOffset: UInt64,
        count: UInt64,
        flags: Int32
    ) throws(Errno) -> UInt64 {
        guard flags == 0 else { throw .invalidArgument }
        let from = try pagedFile(source)
        let to = try pagedFile(target)
        try noteContentChange(of: inode(targetNode))
        var copied: UInt64 = 0
        while copied < count {
            let step = Int(min(count - copied, copyBytesMax))
            let reply = try from.read(at: sourceOffset + copied, count: step)
            guard reply.byteCount > 0 else { break }
            // SAFETY: the buffers are the reply's, which lives until the end of this round.
            let buffers = unsafe reply.buffers
            for index in unsafe buffers.indices {
                let written: Int
                do throws(Errno) {
                    written = try changes.pass { () throws(Errno) in
                        unsafe try to.write(
                            buffers[index],
                            at: targetOffset + copied,
                            stampsTimes: stampsTimes
                        )
                    }
                } catch {
                    if copied > 0 { return copied }
                    throw error
                }
                copied += UInt64(written)
                if unsafe written < buffers[index].count { return copied }
            }
        }
        return copied
    }

    private func pagedFile(_ id: OpenFileID) throws(Errno) -> PagedFile {
        guard case .file(let file) = try openFiles.file(id).kind else {
            throw .badFileDescriptor
        }
        return file
    }

    /// Whether changes of content set the modification time here: not while the kernel caches
    /// writes, and keeps the time with them.
    var stampsTimes: Bool { !options.usesKernelWritebackCache }

    private func isOpenForWriting(_ node: NodeID) -> Bool {
        openFiles.all().contains { $0.isWritable && $0.inode.id == node }
    }
}

/// Bytes copied between two looks at the files; what a read of the kernel has at most.
private let copyBytesMax: UInt64 = 1 << 20

/// The modes of fallocate(2) that can be had.
private enum AllocationMode {
    static let keepSize: Int32 = 0x01
    static let punchHole: Int32 = 0x02
    static let zeroRange: Int32 = 0x10
}
