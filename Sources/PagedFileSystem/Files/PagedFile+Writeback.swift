internal import Storage
internal import Support
internal import Synchronization
internal import SystemPackage
internal import VMCore
internal import Writeback

extension PagedFile: WritebackTarget {
    var label: String { node.path() ?? "" }

    var isWorthKeeping: Bool { !isUnlinked.load(ordering: .relaxed) }

    func willFlushInBackground() {
        isQueued.store(false, ordering: .releasing)
    }

    func write(_ lease: borrowing PageLease) throws(FlushFailure) -> UInt64 {
        let size = content.withLock { content in
            content.areBackingTimesStale = true
            return content.size
        }
        var written: UInt64 = 0
        var run = ByteRange(0, 0)
        // SAFETY: the buffers point into leased frames, and the lease outlives this call.
        var buffers: [UnsafeRawBufferPointer] = unsafe []
        for segment in lease.segments {
            let bytes = segment.pages.bytes.clamped(to: ByteRange(0, size))
            guard let frames = segment.frames, !bytes.isEmpty else { continue }
            if bytes.start != run.end || run.isEmpty {
                written += unsafe try write(run, buffers)
                run = ByteRange(bytes.start, bytes.start)
                unsafe buffers.removeAll(keepingCapacity: true)
            }
            let memory = unsafe UnsafeRawBufferPointer(lease.arena.bytes(of: frames))
            unsafe buffers.append(UnsafeRawBufferPointer(rebasing: memory.prefix(Int(bytes.count))))
            run.end = bytes.end
        }
        written += unsafe try write(run, buffers)
        return written
    }

    private func write(
        _ range: ByteRange,
        _ buffers: [UnsafeRawBufferPointer]
    ) throws(FlushFailure) -> UInt64 {
        if range.isEmpty { return 0 }
        content.withLock { $0.backingDataEnd = max($0.backingDataEnd, range.end) }
        do {
            unsafe try backing.openForWriting().write(at: range.start, from: buffers)
        } catch {
            throw FlushFailure(errno: error, offset: range.start, length: range.count)
        }
        content.withLock { $0.backingSize = max($0.backingSize, range.end) }
        return range.count
    }

    func makeZero(_ pages: PageRange) throws(FlushFailure) -> UInt64 {
        let range = content.withLock { content in
            content.areBackingTimesStale = true
            let end = min(content.backingSize, content.backingDataEnd)
            return pages.bytes.clamped(to: ByteRange(0, end))
        }
        if range.isEmpty { return 0 }
        do {
            return try backing.openForWriting().makeZero(range).punched
        } catch {
            throw FlushFailure(errno: error, offset: range.start, length: range.count)
        }
    }

    func willEndWriteback() {
        content.withLock { $0.sequence += 1 }
    }

    func writeAttributes(isSync: Bool) throws(FlushFailure) {
        guard isWorthKeeping else { return }
        let seen = content.withLock { $0 }
        do throws(Errno) {
            if seen.size != seen.backingSize {
                try backing.openForWriting().setSize(seen.size)
                content.withLock { content in
                    content.backingSize = seen.size
                    content.areBackingTimesStale = true
                }
            } else if !seen.areBackingTimesStale {
                return
            }
            // The time that the write itself has left differs from ours by as much as the
            // writeback took. To mend that at each fsync would cost a journal commit each time, so
            // it waits for a flush of the pager loop.
            if isSync && !seen.isModificationTimeSet { return }
            try writeTimes(seen)
        } catch {
            content.withLock { $0.areBackingTimesStale = true }
            throw FlushFailure(errno: error, offset: seen.size, length: 0)
        }
    }

    private func writeTimes(_ seen: FileContent) throws(Errno) {
        content.withLock { content in
            content.areBackingTimesStale = false
            content.isModificationTimeSet = false
            content.areTimesUnderWay = true
        }
        defer { content.withLock { $0.areTimesUnderWay = false } }
        let file = try backing.open()
        try file.setTimes(access: .omit, modification: .set(seen.modificationTime))
        let version = BackingVersion(try file.attributes())
        content.withLock { content in
            content.version = version
            // A write that came meanwhile has its own time, which the next flush brings.
            if content.modificationTime != seen.modificationTime {
                content.areBackingTimesStale = true
            }
        }
    }

    func flushDidEnd(_ failure: FlushFailure?) {
        if let failure {
            content.withLock { content in
                content.failureCount += 1
                content.toldFailure = failure.errno
                content.lastFailure = FlushProblem(
                    errno: failure.errno,
                    offset: failure.offset,
                    length: failure.length
                )
            }
            return
        }
        content.withLock { $0.lastFailure = nil }
        if !isDirty { dirtySince.store(0, ordering: .relaxed) }
        closeBackingIfIdle()
        didFlush()
    }

    /// fsync(2) and fdatasync(2): everything dirty is written, then the backing file synced.
    func sync(dataOnly: Bool) throws(FlushFailure) {
        // Nobody can read an unlinked file after a crash, so there is nothing to make durable.
        guard isWorthKeeping else { return }
        try context.engine.flush(self, isSync: true)
        try syncBacking(dataOnly: dataOnly)
    }

    /// Waits until what was written back is on the medium.
    func syncBacking(dataOnly: Bool) throws(FlushFailure) {
        do {
            try backing.open().sync(dataOnly: dataOnly)
        } catch {
            throw FlushFailure(errno: error, offset: 0, length: size)
        }
        closeBackingIfIdle()
    }
}
