// Reads and writes of any VMO, by copies that hold no lock while the caller's memory is touched: it
// may be a mapping of a VMO itself, or not be there at all.
//
// This is one of the few files with raw pointers.

public import Support

/// Bytes that pass through the buffer between a VMO and a caller in one piece: 16 pages, as Zircon
/// copies between two looks at the size of the VMO.
private let transferBytes: UInt64 = 16 * pageSize

extension VirtualMemoryObject {
    /// Copies bytes out in pieces, ascending; absent pages are requested first.
    ///
    /// `consume` gets each piece with no lock held, and returns false if its own memory failed. May
    /// block in the pager.
    ///
    /// Source: `zx_vmo_read`.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile, `badState` if detached, what the
    ///   pager answers, `notFound` if `consume` fails.
    public func read(
        _ bytes: ByteRange,
        into consume: (UnsafeRawBufferPointer) -> Bool
    ) throws(Status) {
        guard bytes.end <= size else { throw .outOfRange }
        guard !bytes.isEmpty else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(bytes.count, transferBytes)),
            alignment: Int(pageSize)
        )
        defer { unsafe buffer.deallocate() }
        let pages = bytes.pagesRoundedOutward
        var position = bytes.start
        while position < bytes.end {
            let piece = ByteRange(position, min(bytes.end, position + UInt64(buffer.count)))
            var copied = 0
            _ = try access { (state: inout VMOState) throws(Status) in
                try state.check(pages)
                copied = unsafe state.copyOut(piece, into: buffer)
                let page = position / pageSize
                if copied > 0 { return .ready(end: page) }
                return .wait(try state.requestPages(from: page, limit: pages.end))
            }
            position += UInt64(copied)
            // SAFETY: `copyOut` filled as many bytes of the buffer, which lives until the return.
            guard unsafe consume(UnsafeRawBufferPointer(rebasing: buffer[..<copied])) else {
                throw .notFound
            }
        }
    }

    /// Copies bytes in, in pieces, ascending; absent pages are requested first, and the pages
    /// become Dirty before the bytes of a piece are asked for.
    ///
    /// `produce` fills the buffer, with no lock held, and returns how many bytes it had; fewer than
    /// asked for mean that its own memory failed. May block in the pager.
    ///
    /// Source: `zx_vmo_write`.
    ///
    /// - Throws: `outOfRange`, also if the VMO shrinks meanwhile, `badState` if detached, what the
    ///   pager answers, `noMemory`, `notFound` if `produce` fails. What was written before stays
    ///   written.
    public func write(
        _ bytes: ByteRange,
        from produce: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Status) {
        guard bytes.end <= size else { throw .outOfRange }
        guard !bytes.isEmpty else { return }
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: Int(min(bytes.count, transferBytes)),
            alignment: Int(pageSize)
        )
        defer { unsafe buffer.deallocate() }
        let pages = bytes.pagesRoundedOutward
        var position = bytes.start
        while position < bytes.end {
            let page = position / pageSize
            let end = try access { (state: inout VMOState) throws(Status) in
                try state.check(pages)
                let pieceEnd = min(pages.end, page + UInt64(buffer.count) / pageSize)
                return try state.makeWritable(
                    at: page,
                    end: max(page + 1, pieceEnd),
                    requestEnd: pages.end
                )
            }
            let pieceEnd = min(bytes.end, end * pageSize, position + UInt64(buffer.count))
            let asked = Int(pieceEnd - position)
            // SAFETY: `asked` is at most the size of the buffer, which lives until the return.
            let piece = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<asked])
            let count = min(max(unsafe produce(piece), 0), asked)
            try unsafe copyIn(
                UnsafeRawBufferPointer(rebasing: buffer[..<count]),
                at: position,
                of: pages
            )
            position += UInt64(count)
            if count < asked { throw .notFound }
        }
    }

    /// Copies a piece of a write of `pages`, whose pages may be Dirty no more.
    private func copyIn(
        _ source: UnsafeRawBufferPointer,
        at position: UInt64,
        of pages: PageRange
    ) throws(Status) {
        var done = 0
        while done < source.count {
            _ = try access { (state: inout VMOState) throws(Status) in
                try state.check(pages)
                let target = ByteRange(position + UInt64(done), position + UInt64(source.count))
                // SAFETY: `done` is less than the size of the source.
                let rest = unsafe UnsafeRawBufferPointer(rebasing: source[done...])
                let copied = unsafe state.copyIntoDirty(rest, target)
                let page = target.start / pageSize
                if copied > 0 {
                    done += copied
                    state.isModified = true
                    return .ready(end: page)
                }
                return try state.makeWritable(at: page, end: page + 1, requestEnd: pages.end)
            }
        }
    }

    /// Gives the bytes of one page to `body`, or nil for zeros; an absent page is requested first.
    ///
    /// `body` runs under the VMO's lock. A request made here reaches to `requestEnd` at most.
    ///
    /// - Throws: `outOfRange`, `badState` if detached, what the pager answers.
    public func withPage(
        _ page: UInt64,
        requestEnd: UInt64,
        isWanted: () -> Bool,
        _ body: (UnsafeRawBufferPointer?) -> Void
    ) throws(Status) {
        _ = try access { (state: inout VMOState) throws(Status) in
            guard isWanted() else { throw .badState }
            try state.check(PageRange(page, page + 1))
            let run = state.run(at: page, limit: page + 1)
            switch run.kind {
            case .absent:
                let limit = min(requestEnd, state.sizePages)
                return .wait(try state.requestPages(from: page, limit: limit))
            case .marker, .dirtyZero, .untrackedZero:
                body(nil)
            case .data:
                guard let leaf = run.leaf else { break }
                leaf.fields.markReferenced(run.from, run.from + 1)
                let frame = FrameRun(start: leaf.fields.frame(run.from), count: 1)
                // SAFETY: the page keeps its frame while the lock is held.
                unsafe body(UnsafeRawBufferPointer(state.arena.bytes(of: frame)))
            }
            return .ready(end: page + 1)
        }
    }
}

extension VMOState {
    /// Copies bytes of the VMO up to the first absent page; returns how many.
    fileprivate mutating func copyOut(
        _ bytes: ByteRange,
        into buffer: UnsafeMutableRawBufferPointer
    ) -> Int {
        var position = bytes.start
        let lastPage = pageCount(coveringBytes: bytes.end)
        while position < bytes.end {
            let page = position / pageSize
            let run = run(at: page, limit: lastPage)
            if run.kind == .absent { break }
            var part = ByteRange(position, min(bytes.end, run.end * pageSize))
            var source: UnsafeRawBufferPointer?
            if run.kind == .data, let leaf = run.leaf {
                let to = run.from + Int(run.end - page)
                leaf.fields.markReferenced(run.from, to)
                let frames = leaf.fields.frameRun(run.from, to)
                part.end = min(part.end, (page + UInt64(frames.count)) * pageSize)
                let first = Int(position % pageSize)
                // SAFETY: the frames are the VMO's while the lock is held; slicing checks bounds.
                unsafe source = UnsafeRawBufferPointer(
                    rebasing: UnsafeRawBufferPointer(arena.bytes(of: frames))[
                        first..<(first + Int(part.count))
                    ]
                )
            }
            let start = Int(position - bytes.start)
            // SAFETY: `part` lies in `bytes`, for which the buffer has room; slicing checks it.
            let target = unsafe UnsafeMutableRawBufferPointer(
                rebasing: buffer[start..<(start + Int(part.count))]
            )
            if let source = unsafe source {
                unsafe target.copyMemory(from: source)
            } else {
                unsafe target.initializeMemory(as: UInt8.self, repeating: 0)
            }
            position = part.end
        }
        return Int(position - bytes.start)
    }

    /// Copies `source` over the Dirty pages with which `target` begins; returns how many bytes.
    fileprivate mutating func copyIntoDirty(
        _ source: UnsafeRawBufferPointer,
        _ target: ByteRange
    ) -> Int {
        let page = target.start / pageSize
        let run = run(at: page, limit: pageCount(coveringBytes: target.end))
        let end = dirtyPrefixEnd(run, at: page)
        guard end > page, let leaf = run.leaf else { return 0 }
        if arena.hasPins {
            var spare = arena.take(1)
            let covered = target.clamped(to: PageRange(page, page + 1).bytes)
            guard unshare(leaf, run.from, covered, from: &spare) else { return 0 }
        }
        let limit = arena.hasPins ? run.from + 1 : run.from + Int(end - page)
        let frames = leaf.fields.frameRun(run.from, limit)
        let part = target.clamped(to: PageRange(page, page + UInt64(frames.count)).bytes)
        // SAFETY: `part` begins where `target` does, and is no longer.
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: source[..<Int(part.count)])
        unsafe arena.copy(bytes, into: frames, at: Int(part.start % pageSize))
        return Int(part.count)
    }
}
