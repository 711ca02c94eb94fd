public import Storage
internal import Support
internal import Synchronization
public import SystemPackage
public import VMCore
public import Writeback

/// What `vmofs status` says of a file with something to write back.
public struct DirtyFile: Sendable {
    /// The path from the root of the mount.
    public var path: String
    /// Bytes of dirty pages with data, those under writeback included.
    public var dirtyBytes: UInt64
    /// Bytes of dirty pages that are zeros.
    public var dirtyZeroBytes: UInt64
    /// Bytes of pages awaiting clean.
    public var writebackBytes: UInt64
    /// The age of the oldest dirty page in milliseconds.
    public var oldestDirtyMilliseconds: UInt64
    /// Why the last flush failed, if it did.
    public var failure: FlushProblem?
}

/// A file's dirty ranges with the sizes they belong to.
public struct FileRanges: Sendable {
    /// The size of the VMO in bytes, a page multiple.
    public var vmoSize: UInt64
    /// The size of the file in bytes.
    public var contentSize: UInt64
    /// What `zx_pager_query_dirty_ranges` returned.
    public var ranges: [DirtyRange]
    /// How many ranges there are in all.
    public var avail: Int
}

/// What became of a flush of several files.
public struct FlushOutcome: Sendable {
    /// Files that had something to write.
    public var fileCount: UInt64 = 0
    /// What was written in all.
    public var report = FlushReport()
    /// The files that could not be written, by path.
    public var failures: [(path: String, failure: FlushFailure)] = []
}

extension PagedFileSystem {
    /// Bytes that the daemon takes at most for the objects that the kernel knows.
    public var inodeBytes: UInt64 {
        let counts = inodes.counts
        return UInt64(counts.known * InodeTable.knownBytes + counts.cached * Inode.bytesMax)
    }

    /// Files that have pages or a size to write back now.
    public func dirtyFiles() -> [DirtyFile] {
        let now = MonotonicClock().now
        return keptFiles().compactMap { file in
            guard file.hasDirtyContent else { return nil }
            let counts = file.vmo.counts
            let since = file.dirtySince.load(ordering: .relaxed)
            return DirtyFile(
                path: file.label,
                dirtyBytes: UInt64(counts.dirtyData) * pageSize,
                dirtyZeroBytes: UInt64(counts.dirtyZero) * pageSize,
                writebackBytes: UInt64(counts.awaitingClean) * pageSize,
                oldestDirtyMilliseconds: since == 0 || now < since ? 0 : (now - since) / 1_000_000,
                failure: file.content.withLock { $0.lastFailure }
            )
        }
    }

    /// The dirty ranges of the regular file with these attributes in the backing directory.
    ///
    /// A file that nobody has opened has none. `length` nil means to the end. Errors: ERANGE for a
    /// range outside the VMO, as the core says OUT_OF_RANGE.
    public func dirtyRanges(
        of attributes: FileAttributes,
        offset: UInt64,
        length: UInt64?,
        limit: Int
    ) throws(Errno) -> FileRanges {
        guard let file = inodes.find(attributes.identity)?.pagedFile else {
            let vmoSize = pageCount(coveringBytes: attributes.size) * pageSize
            guard offset <= vmoSize, length ?? 0 <= vmoSize - offset else { throw .outOfRange }
            return FileRanges(
                vmoSize: vmoSize,
                contentSize: attributes.size,
                ranges: [],
                avail: 0
            )
        }
        let vmoSize = file.vmo.size
        do throws(Status) {
            let query = try file.vmo.queryDirtyRanges(
                offset: offset,
                length: length ?? (vmoSize - min(offset, vmoSize)),
                capacity: limit,
                countingAvailable: true
            )
            return FileRanges(
                vmoSize: vmoSize,
                contentSize: file.size,
                ranges: query.ranges,
                avail: query.avail ?? query.ranges.count
            )
        } catch {
            throw error == .outOfRange ? .outOfRange : Errno(error)
        }
    }

    /// The paths of files that are open for writing under `path` (empty for the whole mount): the
    /// kernel may hold writes to them that we have not seen.
    ///
    /// None after `shutDown`: they are not wanted then.
    public func filesOpenForWriting(under path: String) -> [String] {
        if isShutDown { return [] }
        var paths: Set<String> = []
        for open in openFiles.all() where open.isWritable {
            if let name = open.inode.node.path(), name.isInside(path) { paths.insert(name) }
        }
        return paths.sorted()
    }

    /// The nodes that are open for writing and have a name, with their paths.
    public func nodesOpenForWriting() -> [NodeID: String] {
        var nodes: [NodeID: String] = [:]
        for open in openFiles.all() where open.isWritable && nodes[open.inode.id] == nil {
            nodes[open.inode.id] = open.inode.node.path()
        }
        return nodes
    }

    /// Writes back the dirty files under `path` (empty for all), and syncs what was written.
    public func flushFiles(under path: String) -> FlushOutcome {
        var outcome = FlushOutcome()
        for file in keptFiles() {
            guard file.isDirty, path.isEmpty || file.label.isInside(path) else { continue }
            flush(file, into: &outcome)
        }
        return outcome
    }

    /// Writes back one file and syncs it.
    ///
    /// A file that nobody has opened has nothing to write.
    public func flushFile(_ identity: NodeIdentity) -> FlushOutcome {
        var outcome = FlushOutcome()
        guard let file = inodes.find(identity)?.pagedFile else { return outcome }
        flush(file, into: &outcome)
        return outcome
    }

    private func flush(_ file: PagedFile, into outcome: inout FlushOutcome) {
        guard file.isWorthKeeping else { return }
        if file.isDirty { outcome.fileCount += 1 }
        do throws(FlushFailure) {
            outcome.report += try file.context.engine.flush(file)
            try file.syncBacking(dataOnly: false)
        } catch {
            outcome.failures.append((file.label, error))
        }
    }

    /// Writes back everything, as often as something is dirty afterwards and no flush fails, and
    /// syncs the backing file system.
    ///
    /// After `shutDown` it does nothing.
    /// Where files are still written, `passCountMax` bounds how often: there may be no end to it.
    /// `progress` gets the bytes and the files that are dirty still, at the start and before each
    /// file; once it returns false the drain ends.
    public func drain(
        passCountMax: Int = .max,
        progress: (_ dirtyBytes: UInt64, _ dirtyFiles: UInt64) -> Bool
    ) -> FlushOutcome {
        var outcome = FlushOutcome()
        if isShutDown { return outcome }
        var passCount = 0
        while outcome.failures.isEmpty, passCount < passCountMax {
            passCount += 1
            let dirty = keptFiles().filter(\.isDirty)
            if dirty.isEmpty { break }
            for (index, file) in dirty.enumerated() {
                guard progress(engine.dirtyBytes, UInt64(dirty.count - index)) else {
                    return outcome
                }
                outcome.fileCount += 1
                do throws(FlushFailure) {
                    outcome.report += try engine.flush(file)
                } catch {
                    outcome.failures.append((file.label, error))
                }
            }
        }
        do throws(Errno) {
            try store.syncFileSystem()
        } catch {
            let failure = FlushFailure(errno: error, offset: 0, length: 0)
            outcome.failures.append((store.path, failure))
        }
        return outcome
    }

    /// Writes back what is dirty now, in the kernel or here, and syncs the backing file system; on
    /// a thread that serves a request.
    ///
    /// Errors: EBUSY if there might not be enough threads left for what the kernel hands over; the
    /// first of the writes that fail, after all were tried.
    public func writeBackAll() throws(Errno) {
        if let kernelCache {
            for node in nodesOpenForWriting().keys where !kernelCache.handOverFromRequest(node) {
                throw .resourceBusy
            }
        }
        // Once more for what was written meanwhile.
        let outcome = drain(passCountMax: 2) { _, _ in true }
        if let (_, failure) = outcome.failures.first { throw failure.errno }
    }

    /// Files that matter after this mount: those that have a name.
    private func keptFiles() -> [PagedFile] {
        inodes.pagedInodes().compactMap(\.pagedFile).filter(\.isWorthKeeping)
    }
}

extension String {
    /// Whether this path is `directory` or lies inside it; every path lies inside the root, "".
    fileprivate func isInside(_ directory: String) -> Bool {
        directory.isEmpty || self == directory || hasPrefix(directory + "/")
    }
}
