internal import Storage
internal import Support
internal import SystemPackage
internal import VMCore
internal import Writeback

/// Answers the page requests of one file from its backing file.
///
/// Life of a page-in, on the thread that faulted, without a lock across the read:
///
///     note the content's sequence
///     hole of the backing file?   supply zeros (markers, no memory)
///     data?                       read into fresh frames, zero what lies beyond the end
///     sequence as noted?          supply; else what was read may be stale: again from the top
final class PageInService: PageSource {
    let content: Guarded<FileContent>
    private let backing: BackingHandle
    private let node: StoreNode
    private let context: FileContext

    init(
        content: Guarded<FileContent>,
        backing: BackingHandle,
        node: StoreNode,
        context: FileContext
    ) {
        self.content = content
        self.backing = backing
        self.node = node
        self.context = context
    }

    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        do throws(Errno) {
            try pageIn(pages, of: vmo)
        } catch {
            emit(.error, pages, ["errno": String(error.rawValue)])
            throw Status(error)
        }
    }

    private func pageIn(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Errno) {
        emit(.readRequest, pages, [:])
        let file = try backing.open()
        let wanted = extended(pages, of: vmo)
        var position = wanted.start
        while position < wanted.end {
            let (sequence, backingSize) = content.withLock { ($0.sequence, $0.backingSize) }
            // A shrink cuts the range; what is beyond needs no answer any more.
            let end = min(wanted.end, vmo.size / pageSize)
            guard position < end else { return }
            let rest = PageRange(position, end)
            position = try supplyRun(rest, from: file, of: vmo, (sequence, backingSize))
        }
    }

    /// The request with read-ahead, as far as pages are absent.
    private func extended(_ pages: PageRange, of vmo: VirtualMemoryObject) -> PageRange {
        let end = content.withLock { $0.readAhead.end(start: pages.start, end: pages.end) }
        let limit = min(end, vmo.size / pageSize)
        guard limit > pages.end else { return pages }
        let (kind, absentEnd) = vmo.extent(at: pages.end)
        guard kind == .absent else { return pages }
        return PageRange(pages.start, max(pages.end, min(limit, absentEnd)))
    }

    /// Supplies the hole or the data at the start of `pages`; returns where the rest begins, which
    /// is the start again if the backing file changed meanwhile.
    private func supplyRun(
        _ pages: PageRange,
        from file: any BackingFile,
        of vmo: VirtualMemoryObject,
        _ seen: (sequence: UInt64, backingSize: UInt64)
    ) throws(Errno) -> UInt64 {
        let data = try dataRun(in: pages, of: file, backingSize: seen.backingSize)
        if data.start > pages.start {
            let hole = PageRange(pages.start, data.start)
            let isSupplied = supplyUnlessChanged(since: seen.sequence) { () throws(Status) in
                try vmo.supplyZeros(hole)
            }
            guard isSupplied else { return pages.start }
            emit(.supply, hole, ["zeros": "true"])
            return hole.end
        }
        // What was data a moment ago was cut or punched meanwhile: look again.
        if data.isEmpty { return pages.start }
        let frames = try context.engine.acquireFrames(Int(data.count))
        let run = PageRange(start: data.start, count: UInt64(frames.count))
        try read(run, from: file, into: frames)
        guard supply(run, frames, to: vmo, unlessChangedSince: seen.sequence) else {
            return pages.start
        }
        emit(.supply, run, [:])
        return run.end
    }

    private func supply(
        _ pages: PageRange,
        _ frames: consuming FrameBatch,
        to vmo: VirtualMemoryObject,
        unlessChangedSince sequence: UInt64
    ) -> Bool {
        var frames: FrameBatch? = consume frames
        return supplyUnlessChanged(since: sequence) { () throws(Status) in
            guard let batch = frames.take() else { return }
            try vmo.supply(pages, from: batch)
        }
    }

    /// Runs `supply` if the sequence still stands; false if not, or if the file shrank below.
    private func supplyUnlessChanged(
        since sequence: UInt64,
        _ supply: () throws(Status) -> Void
    ) -> Bool {
        content.withLock { content in
            guard content.sequence == sequence else { return false }
            do {
                try supply()
                return true
            } catch {
                return false
            }
        }
    }

    /// The first run of data in `pages`, rounded outward to pages and cut at `pages`; empty, at
    /// their end, if there is none, or where there was some a moment ago.
    private func dataRun(
        in pages: PageRange,
        of file: any BackingFile,
        backingSize: UInt64
    ) throws(Errno) -> PageRange {
        let nothing = PageRange(pages.end, pages.end)
        let bytes = pages.bytes.clamped(to: ByteRange(0, backingSize))
        if bytes.isEmpty { return nothing }
        let known = content.withLock { $0.knownData }
        if known.start <= bytes.start && bytes.end <= known.end { return pages }
        guard let start = try file.dataStart(atOrAfter: bytes.start) else { return nothing }
        guard start < bytes.end else { return nothing }
        let end = try file.holeStart(atOrAfter: start)
        content.withLock { $0.knownData = ByteRange(start, max(start, end)) }
        let data = ByteRange(start, max(start, min(end, bytes.end)))
        return data.pagesRoundedOutward.clamped(to: pages)
    }

    /// Reads `pages` into `frames`, which are as many; zeros follow the end of the backing file.
    private func read(
        _ pages: PageRange,
        from file: any BackingFile,
        into frames: borrowing FrameBatch
    ) throws(Errno) {
        // SAFETY: the frames belong to the batch, which outlives this call, and to nobody else.
        let buffers = unsafe frames.runs.map { unsafe context.pager.arena.bytes(of: $0) }
        var left = unsafe try file.read(at: pages.bytes.start, into: buffers)
        unsafe buffers.forEach { buffer in
            let filled = min(left, buffer.count)
            left -= filled
            unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[filled...])
                .initializeMemory(as: UInt8.self, repeating: 0)
        }
    }

    private func emit(
        _ kind: PageEvent.Kind,
        _ pages: PageRange,
        _ fields: @autoclosure () -> [String: String]
    ) {
        guard context.events.isListening || kind == .error else { return }
        let bytes = pages.bytes
        context.events.emit(
            PageEvent(
                kind,
                file: node.path() ?? "",
                offset: bytes.start,
                length: bytes.count,
                fields: fields()
            )
        )
    }
}
