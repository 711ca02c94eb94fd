public import Support

extension UntrackedVMO {
    /// Copies bytes out, in pieces.
    ///
    /// `consume` is called with no lock held and says whether it could take the piece. May block in
    /// the source of the VMO at the root.
    ///
    /// Source: `zx_vmo_read`.
    ///
    /// - Throws: `outOfRange` if the bytes do not lie in the VMO (any more), `notFound` once
    ///   `consume` fails, what the source throws.
    public func read(
        _ bytes: ByteRange,
        into consume: (UnsafeRawBufferPointer) -> Bool
    ) throws(Status) {
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(bytes.pagesRoundedOutward)
        }
        guard !bytes.isEmpty else { return }
        let buffer = BounceBuffer(for: bytes.count)
        var position = bytes.start
        while position < bytes.end {
            let piece = BounceBuffer.piece(of: bytes, at: position)
            try copyOut(piece, of: bytes.pagesRoundedOutward, into: buffer)
            // SAFETY: the buffer lives to the end of this function.
            let isTaken = unsafe consume(UnsafeRawBufferPointer(buffer.prefix(piece.count)))
            guard isTaken else { throw .notFound }
            position = piece.end
        }
    }

    /// Copies bytes in, in pieces; the pages that they touch become the VMO's own.
    ///
    /// `produce` is called with no lock held, fills the buffer and returns how many bytes it had.
    /// As Zircon does, pages are made ready first, so that the failure of a source comes before one
    /// of the caller's memory, and in any case what was copied before a failure stays. May block in
    /// the source of the VMO at the root.
    ///
    /// Source: `zx_vmo_write`.
    ///
    /// - Throws: `outOfRange` if the bytes do not lie in the VMO (any more), `noMemory`, `notFound`
    ///   once `produce` has fewer bytes than asked for, what the source throws.
    public func write(
        _ bytes: ByteRange,
        from produce: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Status) {
        let whole = bytes.pagesRoundedOutward
        try state.withLock { (state: inout UntrackedState) throws(Status) in
            try state.check(whole)
        }
        guard !bytes.isEmpty else { return }
        let buffer = BounceBuffer(for: bytes.count)
        var position = bytes.start
        while position < bytes.end {
            let piece = BounceBuffer.piece(of: bytes, at: position)
            try populate(
                piece.pagesRoundedOutward,
                of: whole,
                requestPagesMax: writeRequestPagesMax
            )
            // SAFETY: the buffer lives to the end of this function.
            let produced = unsafe produce(buffer.prefix(piece.count))
            let count = min(UInt64(max(produced, 0)), piece.count)
            try copyIn(ByteRange(position, position + count), of: whole, from: buffer)
            guard count == piece.count else { throw .notFound }
            position = piece.end
        }
    }

    /// Copies the bytes of `piece`, a part of an operation on the pages `whole`, into `buffer`.
    private func copyOut(
        _ piece: ByteRange,
        of whole: PageRange,
        into buffer: borrowing BounceBuffer
    ) throws(Status) {
        var position = piece.start
        while position < piece.end {
            let look = try state.withLock {
                (state: inout UntrackedState) throws(Status) -> ParentLink.Look? in
                try state.check(whole)
                return state.copyOut(&position, piece, of: whole, into: buffer)
            }
            guard let look else { return }
            let part = ByteRange(position, min(piece.end, (look.page + 1) * pageSize))
            let offset = position - piece.start
            try unsafe look.withBytes { bytes in
                if let bytes = unsafe bytes {
                    let start = Int(part.start % pageSize)
                    // SAFETY: the bytes are a page, valid during this call; slicing checks the
                    // bounds.
                    let slice = unsafe bytes[start..<start + Int(part.count)]
                    unsafe buffer.put(UnsafeRawBufferPointer(rebasing: slice), at: offset)
                } else {
                    buffer.putZeros(part.count, at: offset)
                }
            }
            // A page that the clone got meanwhile wins.
            if state.withLock({ $0.showsParent(look.page) }) { position = part.end }
        }
    }

    /// Copies the first bytes of `buffer` to `target`, a part of an operation on the pages `whole`.
    ///
    /// The pages have frames, unless somebody takes them away between two turns.
    private func copyIn(
        _ target: ByteRange,
        of whole: PageRange,
        from buffer: borrowing BounceBuffer
    ) throws(Status) {
        var position = target.start
        while position < target.end {
            try state.withLock { (state: inout UntrackedState) throws(Status) in
                try state.check(whole)
                state.copyIn(&position, target, from: buffer)
            }
            guard position < target.end else { return }
            let page = position / pageSize
            try populate(PageRange(page, page + 1), of: whole)
        }
    }
}

extension UntrackedState {
    /// Copies bytes of `piece` out from `position` on, which it moves; returns a look at the parent
    /// where it met one.
    fileprivate mutating func copyOut(
        _ position: inout UInt64,
        _ piece: ByteRange,
        of whole: PageRange,
        into buffer: borrowing BounceBuffer
    ) -> ParentLink.Look? {
        while position < piece.end {
            let page = position / pageSize
            let run = run(at: page, limit: whole.end)
            let part = ByteRange(position, min(piece.end, run.end * pageSize))
            switch run.kind {
            case .own:
                forEachFrameRun(of: run, part) { bytes, frames, offset in
                    let start = Int(offset)
                    // SAFETY: the frames are the VMO's, whose lock is held; slicing checks.
                    let all = unsafe UnsafeRawBufferPointer(arena.bytes(of: frames))
                    let source = unsafe all[start..<start + Int(bytes.count)]
                    unsafe buffer.put(
                        UnsafeRawBufferPointer(rebasing: source),
                        at: bytes.start - piece.start
                    )
                }
            case .zero:
                buffer.putZeros(part.count, at: part.start - piece.start)
            case .parent:
                return look(at: page, requestEnd: run.end)
            }
            position = part.end
        }
        return nil
    }

    /// Copies bytes in from `position` on, up to the first page without a frame, and moves
    /// `position`; the buffer begins with the first byte of `target`.
    fileprivate mutating func copyIn(
        _ position: inout UInt64,
        _ target: ByteRange,
        from buffer: borrowing BounceBuffer
    ) {
        while position < target.end {
            let run = run(at: position / pageSize, limit: pageCount(coveringBytes: target.end))
            guard run.kind == .own else { return }
            let part = ByteRange(position, min(target.end, run.end * pageSize))
            forEachFrameRun(of: run, part) { bytes, frames, offset in
                let start = Int(bytes.start - target.start)
                // SAFETY: the buffer outlives this call; slicing checks the bounds.
                let all = unsafe UnsafeRawBufferPointer(buffer.prefix(bytes.end - target.start))
                let source = unsafe UnsafeRawBufferPointer(rebasing: all[start...])
                unsafe arena.copy(source, into: frames, at: Int(offset))
            }
            position = part.end
        }
    }

    /// Calls `body` with each contiguous run of frames behind `bytes`, which lie in `run`: the
    /// bytes of the VMO that are in it, the frames, and how far into them the bytes begin.
    ///
    /// With none if the pages are not the VMO's own.
    func forEachFrameRun(
        of run: Run,
        _ bytes: ByteRange,
        _ body: (ByteRange, FrameRun, UInt64) -> Void
    ) {
        guard let leaf = run.leaf else { return }
        let base = leaf.fields.base
        var position = bytes.start
        while position < bytes.end {
            let page = position / pageSize
            let frames = leaf.fields.frameRun(Int(page - base), Int(run.end - base))
            let end = min(bytes.end, (page + UInt64(frames.count)) * pageSize)
            body(ByteRange(position, end), frames, position % pageSize)
            position = end
        }
    }
}
