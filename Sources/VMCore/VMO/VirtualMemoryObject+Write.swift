public import Support

/// Bytes copied in one hold of the VMO's lock at most: about 10 us.
///
/// Doubling it makes others wait twice as long; halving it costs a write of 1 MiB eight more turns
/// of the lock.
private let writePieceBytes: UInt64 = 128 << 10

/// Pages that one write asks a source for at once.
///
/// Zircon's own limit (`kMaxWriteWaitPages`) was 16 and is 256; fewer makes more requests of one
/// write, more reads what it may never reach.
let writeRequestPagesMax: UInt64 = 256

extension VirtualMemoryObject {
    /// How far a write came.
    public struct WriteResult: Hashable, Sendable {
        /// Bytes copied, from the first on.
        public var byteCount = 0
        /// Pages that were not Dirty or AwaitingClean Pages before.
        public var dirtiedPages = 0
        /// Why it stopped early; nil if it did not, or if the frames ran out.
        public var failure: Status?
    }

    /// Copies bytes in; every page that it touches becomes Dirty.
    ///
    /// New pages take frames from `frames`. When those run out the write stops, and the caller
    /// gets more and goes on from `byteCount`. Absent pages that are covered only in part are read
    /// through the source first; it may block there, never on memory. The bytes are copied in
    /// pieces; others may come in between.
    ///
    /// For VMOs with a source in this process: it asks nobody before it makes pages Dirty.
    ///
    /// Preconditions:
    /// - The frames come from the pager's arena.
    /// - The VMO's page requests are no packets.
    ///
    /// Source: `zx_vmo_write`.
    ///
    /// - Throws: only if nothing was written: `outOfRange` if the bytes do not lie in the VMO (any
    ///   more), `badState` if discarded, what the source throws.
    public func write(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        frames: inout FrameBatch,
        absentPages: AbsentPages
    ) throws(Status) -> WriteResult {
        precondition(frames.arena === pager.arena, "frames of another arena")
        precondition(provider.queue == nil, "this write would not ask the pager")
        guard let target = ByteRange(offset: offset, length: UInt64(bytes.count)) else {
            throw .outOfRange
        }
        var progress = WriteProgress(position: offset)
        do throws(Status) {
            var isStuck = false
            repeat {
                let admission = try mutate {
                    (state: inout VMOState) throws(Status) -> PageRequestTracker.Admission? in
                    try state.check(target.pagesRoundedOutward)
                    // Pieces end where pages do, so that only the first and last page of the write
                    // can be written in part.
                    let pieceEnd = min(
                        target.end,
                        (progress.position + writePieceBytes) / pageSize * pageSize
                    )
                    let before = progress.position
                    let absent = unsafe state.write(
                        bytes,
                        target,
                        &progress,
                        pieceEnd,
                        &frames,
                        absentPages
                    )
                    isStuck = absent == nil && progress.position < pieceEnd
                    if progress.position > before { state.isModified = true }
                    guard let absent else { return nil }
                    let limit = min(absent.end, absent.start + writeRequestPagesMax)
                    return try state.requestPages(from: absent.start, limit: limit)
                }
                if let admission { try complete(admission) }
            } while progress.position < target.end && !isStuck
        } catch {
            guard progress.position > offset else { throw error }
            progress.result.failure = error
        }
        note(progress)
        progress.result.byteCount = Int(progress.position - offset)
        return progress.result
    }

    private func note(_ progress: borrowing WriteProgress) {
        if progress.runCount > 0 { pager.statistics.dirtyRequests.add(progress.runCount) }
        if progress.redirtied > 0 { pager.statistics.redirtiedPages.add(progress.redirtied) }
    }
}

/// How far a write is, over all its pieces.
struct WriteProgress {
    /// The next byte of the VMO.
    var position: UInt64
    var result = VirtualMemoryObject.WriteResult()
    /// Pages that were AwaitingClean.
    var redirtied = 0
    /// Runs of pages made dirty; a run that goes on in the next piece counts once.
    var runCount = 0
    private var runEnd = UInt64.max

    init(position: UInt64) {
        self.position = position
    }

    /// Notes that `count` pages from `page` on needed dirtying.
    mutating func noteDirtied(_ page: UInt64, _ count: Int) {
        result.dirtiedPages += count
        if page != runEnd { runCount += 1 }
        runEnd = page + UInt64(count)
    }
}

extension VMOState {
    /// Copies from `progress.position` to `end`, or to where frames run out; returns the absent
    /// pages that must be read before it can go on.
    fileprivate mutating func write(
        _ bytes: UnsafeRawBufferPointer,
        _ target: ByteRange,
        _ progress: inout WriteProgress,
        _ end: UInt64,
        _ frames: inout FrameBatch,
        _ absentPages: AbsentPages
    ) -> PageRange? {
        let lastPage = pageCount(coveringBytes: end)
        while progress.position < end {
            let page = progress.position / pageSize
            let run = run(at: page, limit: lastPage)
            let part = ByteRange(progress.position, min(end, run.end * pageSize))
            if run.kind == .data, let leaf = run.leaf {
                let written = unsafe overwrite(bytes, target, part, leaf, &frames, &progress)
                if !written { return nil }
                continue
            }
            let isPartial = part.start % pageSize != 0 || part.count < pageSize
            if run.kind == .absent, isPartial || absentPages == .read {
                let askedEnd = pageCount(coveringBytes: target.end)
                return PageRange(page, absentPages == .read ? askedEnd : page + 1)
            }
            let written =
                isPartial
                ? unsafe fillPart(bytes, target, part, &frames, &progress)
                : unsafe fillWhole(bytes, target, part, run.kind, &frames, &progress)
            if !written { return nil }
        }
        return nil
    }

    /// Copies over resident pages of one leaf; returns false if a frame was missing.
    private mutating func overwrite(
        _ bytes: UnsafeRawBufferPointer,
        _ target: ByteRange,
        _ part: ByteRange,
        _ leaf: LeafReference,
        _ frames: inout FrameBatch,
        _ progress: inout WriteProgress
    ) -> Bool {
        let base = leaf.fields.base
        let pages = part.pagesRoundedOutward
        let from = Int(pages.start - base)
        var to = Int(pages.end - base)
        var part = part
        let hasPins = arena.hasPins
        if hasPins {
            for index in from..<to {
                let page = (base + UInt64(index)) * pageSize
                let covered = part.clamped(to: ByteRange(page, page + pageSize))
                guard unshare(leaf, index, covered, from: &frames) else {
                    to = index
                    part.end = page
                    break
                }
            }
            if from == to { return false }
        }
        let moved = table.makeDirty(leaf, from, to)
        leaf.fields.markReferenced(from, to)
        progress.redirtied += moved.awaitingClean
        if moved.clean > 0 { progress.noteDirtied(pages.start, moved.clean) }
        var index = from
        while index < to {
            let run = leaf.fields.frameRun(index, to)
            let runStart = (base + UInt64(index)) * pageSize
            let runBytes = ByteRange(runStart, runStart + UInt64(run.count) * pageSize)
            unsafe copy(bytes, target, part.clamped(to: runBytes), into: run, runStart)
            index += Int(run.count)
        }
        progress.position = part.end
        return true
    }

    /// Gives a page that is leased a frame of its own, with the bytes outside `overwritten`;
    /// returns false if there is no frame for that.
    mutating func unshare(
        _ leaf: LeafReference,
        _ index: Int,
        _ overwritten: ByteRange,
        from frames: inout FrameBatch
    ) -> Bool {
        let old = leaf.fields.frame(index)
        guard arena.isPinned(old) else { return true }
        guard let new = frames.takeOne() else { return false }
        if overwritten.count < pageSize { arena.copyFrame(old, to: new) }
        leaf.fields.replaceFrame(index, with: new)
        freed.append(FrameRun(start: old, count: 1))
        return true
    }

    /// Writes part of one page that reads as zeros; returns false if a frame was missing.
    private mutating func fillPart(
        _ bytes: UnsafeRawBufferPointer,
        _ target: ByteRange,
        _ part: ByteRange,
        _ frames: inout FrameBatch,
        _ progress: inout WriteProgress
    ) -> Bool {
        guard let frame = frames.takeOne() else { return false }
        let page = part.start / pageSize
        let pageStart = page * pageSize
        let run = FrameRun(start: frame, count: 1)
        let part = ByteRange(part.start, min(part.end, pageStart + pageSize))
        arena.zero(run, from: 0, to: Int(part.start - pageStart))
        arena.zero(run, from: Int(part.end - pageStart), to: Int(pageSize))
        unsafe copy(bytes, target, part, into: run, pageStart)
        installDirty(run, at: page)
        progress.noteDirtied(page, 1)
        progress.position = part.end
        return true
    }

    /// Writes whole pages that have no frame; returns false if no frame was left.
    private mutating func fillWhole(
        _ bytes: UnsafeRawBufferPointer,
        _ target: ByteRange,
        _ part: ByteRange,
        _ kind: ExtentKind,
        _ frames: inout FrameBatch,
        _ progress: inout WriteProgress
    ) -> Bool {
        let page = part.start / pageSize
        let room = UInt64(leafPages) - page % UInt64(leafPages)
        let wanted = min(part.count / pageSize, room)
        guard let run = frames.takeContiguous(Int(wanted)) else { return false }
        let count = UInt64(run.count)
        let part = ByteRange(part.start, part.start + count * pageSize)
        unsafe copy(bytes, target, part, into: run, part.start)
        installDirty(run, at: page)
        if kind == .absent { resolveReads(PageRange(page, page + count)) }
        progress.noteDirtied(page, Int(count))
        progress.position = part.end
        return true
    }

    /// Copies the bytes of `part`, of a write of `bytes` to `target`, into frames that begin at
    /// byte `runStart` of the VMO.
    @inline(__always)
    private func copy(
        _ bytes: UnsafeRawBufferPointer,
        _ target: ByteRange,
        _ part: ByteRange,
        into run: FrameRun,
        _ runStart: UInt64
    ) {
        let start = Int(part.start - target.start)
        // SAFETY: `part` lies in `target`, which is as long as `bytes`; slicing checks it.
        let source = unsafe UnsafeRawBufferPointer(
            rebasing: bytes[start..<(start + Int(part.count))]
        )
        unsafe arena.copy(source, into: run, at: Int(part.start - runStart))
    }
}
