internal import Storage
internal import Support
internal import SystemPackage
internal import VMCore
internal import Writeback

extension PagedFile {
    /// ftruncate(2): a shrink reaches the backing file at once, a growth at writeback.
    ///
    /// Bytes beyond the new size never come back: the backing file is cut behind the gate, so no
    /// writeback of this file is under way; page-ins that read it before are made to read again;
    /// and the rest of the last page is zeroed.
    ///
    /// `stampsTimes`, here and below: whether the modification time is now; false where the kernel
    /// keeps it.
    func setSize(_ size: UInt64, stampsTimes: Bool) throws(Errno) {
        try admitSize(size)
        if size >= self.size {
            extend(to: size)
        } else {
            try gate.withGate { () throws(Errno) in try shrink(to: size) }
        }
        noteModified(stampsTimes: stampsTimes)
    }

    /// Makes sure that the backing file can have a size, since it gets it only at writeback.
    ///
    /// - Throws: `EFBIG` if it cannot.
    func admitSize(_ size: UInt64) throws(Errno) {
        if size <= FileContent.sizeMaxOfAnyFile { return }
        guard size <= fileSizeMax else { throw .fileTooLarge }
        var sizeMax = content.withLock { $0.sizeMax }
        if sizeMax == FileContent.sizeMaxOfAnyFile {
            let asked = try backing.open().sizeMax
            content.withLock { $0.sizeMax = asked }
            sizeMax = asked
        }
        if size > sizeMax { throw .fileTooLarge }
    }

    /// Lets the file reach `size` at least; what is new are zeros.
    func extend(to size: UInt64) {
        content.withLock { content in
            guard size > content.size else { return }
            resizeVMO(to: pageCount(coveringBytes: size) * pageSize)
            content.size = size
        }
    }

    private func shrink(to size: UInt64) throws(Errno) {
        let seen = content.withLock { $0 }
        if seen.backingSize > size {
            try backing.openForWriting().setSize(size)
        } else if seen.reservedEnd > size {
            // What is reserved beyond the new size is given back by a cut, and only by one.
            try setBackingSize(seen.reservedEnd)
            try setBackingSize(size)
        }
        content.withLock { content in
            // A write may have let the file grow or another call cut it; the last word counts.
            guard size < content.size else { return }
            content.sequence += 1
            content.size = size
            content.backingSize = min(content.backingSize, size)
            content.backingDataEnd = min(content.backingDataEnd, size)
            content.reservedEnd = min(content.reservedEnd, size)
            content.areBackingTimesStale = true
            let whole = pageCount(coveringBytes: size) * pageSize
            resizeVMO(to: whole)
            if size < whole { _ = vmo.zeroResidentTail(ByteRange(size, whole)) }
        }
    }

    private func setBackingSize(_ size: UInt64) throws(Errno) {
        try backing.openForWriting().setSize(size)
        content.withLock { $0.backingSize = size }
    }

    /// Resizes the VMO; `content` must be locked, and the gate held to shrink.
    func resizeVMO(to size: UInt64) {
        do {
            _ = try vmo.resize(to: size)
        } catch {
            // Sizes are checked against `fileSizeMax` before, and the VMO is resizable.
            preconditionFailure("resize to \(size) failed: \(error)")
        }
    }

    /// Content or size changed now.
    private func noteModified(stampsTimes: Bool) {
        let now = stampsTimes ? FileTime.now : nil
        content.withLock { content in
            content.modificationTime = now ?? content.modificationTime
            content.changeTime = now ?? content.changeTime
            content.areBackingTimesStale = true
        }
        noteDirty()
    }

    // MARK: - fallocate(2)

    /// Reserves blocks for the range in the backing file; content stays, the size may grow.
    func allocate(
        _ range: ByteRange,
        keepsSize: Bool,
        stampsTimes: Bool
    ) throws(Errno) {
        try admitSize(range.end)
        let reserved = try reserveBlocks(for: range)
        defer { context.ledger.settle(pages: reserved) }
        let file = try backing.openForWriting()
        content.withLock { $0.reservedEnd = max($0.reservedEnd, range.end) }
        do throws(Errno) {
            try file.allocate(range, keepSize: true)
        } catch {
            // Some blocks may be there nevertheless, and the backing file's time is now.
            content.withLock { $0.areBackingTimesStale = true }
            noteDirty()
            throw error
        }
        if !keepsSize { extend(to: range.end) }
        noteModified(stampsTimes: stampsTimes)
    }

    /// Makes sure that blocks are not taken from what dirty pages were promised, or throws
    /// `ENOSPC`; returns the pages promised.
    private func reserveBlocks(for range: ByteRange) throws(Errno) -> Int {
        do throws(Errno) {
            return try reserveSpace(for: [WritePiece(range: range, isZero: false)])
        } catch .noSpace where context.engine.dirtyBytes == 0 {
            // Blocks without data look like none, so the backing file has the last word.
            return 0
        }
    }

    /// Makes the range zeros: whole pages as zero intervals, which writeback turns into holes.
    ///
    /// Beyond the end of the file there is nothing to do unless `extends`. A failure may leave
    /// zeros in the parts of pages at both ends.
    func makeZero(
        _ range: ByteRange,
        extends: Bool,
        stampsTimes: Bool
    ) throws(Errno) {
        if extends { try admitSize(range.end) }
        // Whoever asks for zeros expects that blocks are given back, those without data, too.
        content.withLock { $0.backingDataEnd = max($0.backingDataEnd, range.end) }
        let inside = range.clamped(to: ByteRange(0, size))
        if !inside.isEmpty {
            let whole = inside.pagesRoundedInward
            if whole.isEmpty {
                try writeZeros(inside)
            } else {
                // What can fail comes first.
                try writeZeros(ByteRange(inside.start, whole.bytes.start))
                try writeZeros(ByteRange(whole.bytes.end, inside.end))
                do {
                    _ = try vmo.zero(whole)
                } catch {
                    throw Errno(error)
                }
            }
        }
        // Last, since a failure leaves the kernel with the old size, and what is new are zeros.
        if extends { extend(to: range.end) }
        noteModified(stampsTimes: stampsTimes)
    }

    /// Writes zeros into part of a page, which in a hole would ask for a block in vain.
    private func writeZeros(_ range: ByteRange) throws(Errno) {
        if range.isEmpty { return }
        guard let data = try seek(.data, from: range.start), data < range.end else { return }
        let zeros = [UInt8](repeating: 0, count: Int(range.count))
        // SAFETY: `withUnsafeBytes` is untyped in what it throws, so the outcome is carried out.
        let outcome = unsafe zeros.withUnsafeBytes { bytes -> Result<Int, Errno> in
            do throws(Errno) {
                return .success(unsafe try write(bytes, at: range.start, stampsTimes: false))
            } catch {
                return .failure(error)
            }
        }
        _ = try outcome.get()
    }
}
