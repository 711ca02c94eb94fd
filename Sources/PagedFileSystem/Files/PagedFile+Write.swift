internal import Storage
internal import Support
internal import SystemPackage
internal import VMCore
internal import Writeback

extension PagedFile {
    /// Copies bytes into pages and marks them dirty: the life of a write(2).
    ///
    /// Room on the backing file system and page memory are obtained first, so that a refused write
    /// changes nothing. Whole pages of zeros become zero intervals and take no memory.
    ///
    /// - Parameters:
    ///   - stampsTimes: whether the modification time is now; false where the kernel keeps it.
    /// - Returns: the bytes written, all of them unless a later page failed.
    func write(
        _ bytes: UnsafeRawBufferPointer,
        at offset: UInt64,
        stampsTimes: Bool
    ) throws(Errno) -> Int {
        if unsafe bytes.isEmpty { return 0 }
        let range = ByteRange(offset: offset, length: UInt64(bytes.count))
        guard let range else { throw .fileTooLarge }
        try admitSize(range.end)
        try context.engine.admitWriter(label: label)
        // Zeros need neither memory nor room, so the pages are looked at before any is asked for.
        let pieces = unsafe writePieces(of: bytes, at: offset)
        let reserved = try reserveSpace(for: pieces)
        defer { context.ledger.settle(pages: reserved) }
        let oldSize = grow(to: range.end)
        var written = 0
        do throws(Errno) {
            for piece in pieces {
                written += unsafe try writePiece(piece, of: bytes, at: offset)
            }
        } catch {
            // Growth that no byte followed would show as zeros nobody wrote.
            undoGrowth(from: range.end, to: max(oldSize, offset + UInt64(written)))
            if written == 0 { throw error }
        }
        noteWritten(range, stampsTimes: stampsTimes)
        return written
    }

    private func writePiece(
        _ piece: WritePiece,
        of bytes: UnsafeRawBufferPointer,
        at offset: UInt64
    ) throws(Errno) -> Int {
        if piece.isZero {
            do throws(Status) {
                _ = try vmo.zero(piece.range.pagesRoundedInward)
            } catch Status.outOfRange {
                return 0
            } catch {
                throw Errno(error)
            }
            return Int(piece.range.count)
        }
        var position = piece.range.start
        while position < piece.range.end {
            let rest = ByteRange(position, piece.range.end)
            // Where the file was cut short meanwhile, the rest has no place any more.
            guard let count = unsafe try copy(rest, of: bytes, at: offset) else { break }
            position += UInt64(count)
        }
        return Int(position - piece.range.start)
    }

    /// Writes the start of `range` into pages, as far as one batch of frames goes; nil where the
    /// range lies outside the file.
    private func copy(
        _ range: ByteRange,
        of bytes: UnsafeRawBufferPointer,
        at offset: UInt64
    ) throws(Errno) -> Int? {
        let pages = range.pagesRoundedOutward
        let start = Int(range.start - offset)
        // SAFETY: the range lies in the write's bytes, which outlive this call.
        let source = unsafe UnsafeRawBufferPointer(
            rebasing: bytes[start..<start + Int(range.count)]
        )
        var frameCount = vmo.pagesNeedingSpace(in: pages)
        while true {
            // Where this waits for memory, what was written so far may be all there is to flush.
            if frameCount > 0 { noteDirty() }
            var frames =
                frameCount > 0
                ? try context.engine.acquireFrames(frameCount) : context.pager.arena.take(0)
            do {
                let result = unsafe try vmo.write(
                    source,
                    at: range.start,
                    frames: &frames,
                    absentPages: .blank
                )
                if result.byteCount > 0 { return result.byteCount }
            } catch Status.outOfRange {
                return nil
            } catch {
                throw Errno(error)
            }
            // A page that a read or a writeback has leased gets a frame of its own for new bytes.
            frameCount = Int(pages.count)
        }
    }

    /// Makes room sure on the backing file system, or throws `ENOSPC`; returns the pages promised.
    func reserveSpace(for pieces: [WritePiece]) throws(Errno) -> Int {
        var needed = 0
        for piece in pieces where !piece.isZero {
            needed += pagesNeedingSpace(in: piece.range.pagesRoundedOutward)
        }
        if needed == 0 || context.ledger.reserve(pages: needed) { return needed }
        // Once what is dirty has its blocks, the count is exact but for pages of this write that
        // overwrite blocks they have already.
        if !context.engine.isFrozen {
            context.engine.flushQueued()
            if context.ledger.reserve(pages: needed) { return needed }
        }
        let file = try backing.open()
        var missing = 0
        for piece in pieces where !piece.isZero {
            missing += try pagesWithoutBlocks(in: piece.range.pagesRoundedOutward, of: file)
        }
        if missing == 0 || context.ledger.reserve(pages: missing) { return missing }
        throw .noSpace
    }

    /// Pages of the range that a write dirties, those that the file has still to grow by included.
    private func pagesNeedingSpace(in pages: PageRange) -> Int {
        let inside = pages.clamped(to: PageRange(0, vmo.size / pageSize))
        return vmo.pagesNeedingSpace(in: inside) + Int(pages.count - inside.count)
    }

    private func pagesWithoutBlocks(
        in pages: PageRange,
        of file: any BackingFile
    ) throws(Errno) -> Int {
        var missing: UInt64 = 0
        var position = pages.start
        while position < pages.end {
            let start = try file.dataStart(atOrAfter: position * pageSize)
            let data = start.map { max(position, min(pages.end, $0 / pageSize)) } ?? pages.end
            missing += data - position
            guard data < pages.end else { break }
            let hole = try file.holeStart(atOrAfter: data * pageSize)
            position = max(data + 1, pageCount(coveringBytes: hole))
        }
        return Int(missing)
    }

    /// Lets the file reach `end`; returns its size before.
    private func grow(to end: UInt64) -> UInt64 {
        content.withLock { content in
            let old = content.size
            guard end > old else { return old }
            let needed = pageCount(coveringBytes: end) * pageSize
            if needed > vmo.size { resizeVMO(to: needed) }
            content.size = end
            return old
        }
    }

    private func undoGrowth(from end: UInt64, to oldSize: UInt64) {
        gate.withGate {
            content.withLock { content in
                guard content.size == end, end > oldSize else { return }
                resizeVMO(to: pageCount(coveringBytes: oldSize) * pageSize)
                content.size = oldSize
            }
        }
    }

    private func noteWritten(_ range: ByteRange, stampsTimes: Bool) {
        if stampsTimes {
            let now = FileTime.now
            content.withLock { content in
                content.modificationTime = now
                content.changeTime = now
                // The pages may have been written back by now, with the time before.
                content.areBackingTimesStale = true
            }
        }
        context.counts.writtenBytes.add(Int(range.count))
        context.prefaulter.nudge()
        if context.events.isListening {
            context.events.emit(
                PageEvent(.dirty, file: label, offset: range.start, length: range.count)
            )
        }
        noteDirty()
    }
}
