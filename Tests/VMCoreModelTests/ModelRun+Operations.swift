import Support
import Testing

@testable import VMCore

extension ModelRun {
    /// Does one random operation to the VMO and to the model.
    func doOperation() throws {
        step += 1
        switch pick(24) {
        case 0...5: try write()
        case 6...7: try zeroPages()
        case 8: try zeroBytes()
        case 9: try resize()
        case 10: try supply()
        case 11...13: try begin()
        case 14...16: try end()
        case 17: try flush()
        case 18: evict()
        case 19: try opDirty()
        case 20: zeroTail()
        case 21: try holdLease()
        default: try read()
        }
    }

    private func write() throws {
        let pages = pickPages()
        guard !pages.isEmpty else { return }
        let byteCount = UInt64(pages.count) * pageSize
        let isWhole = pick(3) == 0
        let start = pages.lowerBound * pageSize + (isWhole ? 0 : pick(byteCount))
        let end =
            isWhole
            ? pages.upperBound * pageSize
            : start
                + pick(
                    pages.upperBound * pageSize - start + 1
                )
        let isBlank = pick(2) == 0
        let byte = UInt8(pick(256))
        operation = "write \(byte) to \(start)..<\(end), blank \(isBlank)"
        let bytes = [UInt8](repeating: byte, count: Int(end - start))
        try vmo.writeAll(bytes, at: start, absentPages: isBlank ? .blank : .read)
        var position = start
        while position < end {
            let page = position / pageSize
            let pageEnd = min(end, (page + 1) * pageSize)
            let isCovered = pageEnd - position == pageSize
            let range = Int(position % pageSize)..<Int(position % pageSize + pageEnd - position)
            change { model in
                model.write(page, isBlank: isBlank && isCovered) { bytes in
                    for index in range { bytes[index] = byte }
                }
            }
            position = pageEnd
        }
    }

    private func zeroPages() throws {
        let pages = pickPages()
        operation = "zero \(pages)"
        let dirtyBefore = change { $0.counts.dirty + $0.counts.awaitingClean }
        let zerosBefore = change { $0.counts.dirtyZero }
        let result = try vmo.zero(PageRange(pages))
        change { $0.zero(pages) }
        let dirtyAfter = change { $0.counts.dirty + $0.counts.awaitingClean }
        #expect(result.dirtyDataPagesDropped == dirtyBefore - dirtyAfter, context)
        #expect(result.pagesZeroed == change { $0.counts.dirtyZero } - zerosBefore, context)
    }

    private func zeroBytes() throws {
        let pages = pickPages(4)
        guard !pages.isEmpty else { return }
        let start = pages.lowerBound * pageSize + pick(UInt64(pages.count) * pageSize)
        let end = start + pick(pages.upperBound * pageSize - start + 1)
        operation = "zero bytes \(start)..<\(end)"
        try vmo.zero(ByteRange(start, end))
        guard start < end else { return }
        let whole = ByteRange(start, end).pagesRoundedInward
        for page in [start / pageSize, (end - 1) / pageSize] where !whole.contains(page) {
            let first = max(start, page * pageSize) - page * pageSize
            let last = min(end, (page + 1) * pageSize) - page * pageSize
            change { $0.zeroPart(page, Int(first)..<Int(last)) }
        }
        change { $0.zero(whole.start..<max(whole.start, whole.end)) }
    }

    private func resize() throws {
        let size = pickPlace() + pick(40)
        operation = "resize to \(size)"
        let before = change { $0.counts }
        let dropped = try vmo.resize(to: size * pageSize)
        change { $0.resize(size) }
        let after = change { $0.counts }
        let gone = before.dirty + before.awaitingClean - after.dirty - after.awaitingClean
        #expect(dropped == gone, context)
        #expect(vmo.size == size * pageSize, context)
    }

    private func supply() throws {
        let pages = pickPages()
        operation = "supply \(pages)"
        for page in pages {
            try source.supply(page, to: vmo)
            change { $0.pageIn(page) }
        }
    }

    private func pickWritebackPages() -> Range<UInt64> {
        let size = change { $0.size }
        switch pick(4) {
        case 0: return 0..<size
        case 1:
            let range = change { $0.dirtyRanges(0..<size) }.randomElement(using: &random)
            guard let range else { return 0..<0 }
            return range.offset / pageSize..<(range.offset + range.length) / pageSize
        default: return pickPages(30)
        }
    }

    private func begin() throws {
        let pages = pickWritebackPages()
        let isZero = pick(3) == 0
        operation = "begin \(pages), zero \(isZero)"
        try vmo.beginWriteback(PageRange(pages), isZero: isZero)
        change { $0.beginWriteback(pages, isZero: isZero) }
        var leased: Set<UInt64> = []
        let lease = vmo.leaseAwaitingClean(PageRange(pages))
        for segment in lease.segments {
            #expect(segment.frames != nil, context)
            for page in segment.pages.start..<segment.pages.end { leased.insert(page) }
        }
        let expected = change { model in
            Set(
                model.pages.filter { pages.contains($0.key) && $0.value.state == .awaitingClean }
                    .keys
            )
        }
        #expect(leased == expected, context)
    }

    private func end() throws {
        let pages = pickWritebackPages()
        operation = "end \(pages)"
        try vmo.endWriteback(PageRange(pages))
        change { $0.endWriteback(pages) }
    }

    /// Everything that a query reports, as a pager would write it back.
    private func flush() throws {
        operation = "flush"
        let ranges = try vmo.queryDirtyRanges(
            offset: 0,
            length: vmo.size,
            capacity: .max,
            countingAvailable: false
        ).ranges
        for range in ranges {
            let start = range.offset / pageSize
            let pages = start..<(start + range.length / pageSize)
            let isZero = range.options == DirtyRange.isZero
            try vmo.beginWriteback(PageRange(pages), isZero: isZero)
            try vmo.endWriteback(PageRange(pages))
            change { model in
                model.beginWriteback(pages, isZero: isZero)
                model.endWriteback(pages)
            }
        }
        #expect(vmo.counts.dirty == 0, context)
        #expect(vmo.counts.dirtyZero == 0, context)
    }

    private func evict() {
        let count = Int(pick(12))
        operation = "evict \(count)"
        let evicted = vmo.evictClean(count)
        #expect(evicted <= count, context)
        let gone = change { $0.pages }.filter { vmo.extent(at: $0.key).kind != .data }
        for (page, value) in gone {
            #expect(value.state == .clean, context)
            change { $0.pages[page] = nil }
        }
        #expect(gone.count == evicted, context)
    }

    private func opDirty() throws {
        let pages = pickPages()
        operation = "op dirty \(pages)"
        var frames = arena.take(pages.count)
        let succeeds = change { $0.opDirty(pages) }
        if succeeds {
            try vmo.opDirty(PageRange(pages), frames: &frames)
        } else {
            #expect(throws: Status.notFound, context) {
                var frames = arena.take(pages.count)
                try vmo.opDirty(PageRange(pages), frames: &frames)
            }
        }
    }

    private func zeroTail() {
        let pages = pickPages(1)
        guard let page = pages.first else { return }
        let start = pick(pageSize)
        operation = "zero the tail of page \(page) from \(start)"
        let wasDirtied = vmo.zeroResidentTail(
            ByteRange(page * pageSize + start, (page + 1) * pageSize)
        )
        change { model in
            let isClean = model.pages[page]?.state == .clean
            #expect(wasDirtied == isClean, context)
            if model.slot(page) == .page { model.zeroPart(page, Int(start)..<4096) }
        }
    }

    private func holdLease() throws {
        if let lease { #expect(lease.isUnchanged, context) }
        let pages = pickPages()
        operation = "hold a lease of \(pages)"
        lease = Kept(try vmo.leaseForRead(PageRange(pages)))
        change { model in
            for page in pages { model.pageIn(page) }
        }
    }

    private func read() throws {
        let pages = pickPages()
        operation = "read \(pages)"
        let bytes = Kept.read(try vmo.leaseForRead(PageRange(pages)))
        let expected = change { model in
            for page in pages { model.pageIn(page) }
            return pages.flatMap { model.bytes($0) }
        }
        #expect(bytes == expected, context)
    }
}

extension VirtualMemoryObject {
    /// Writes all of `bytes`.
    func writeAll(
        _ bytes: [UInt8],
        at offset: UInt64,
        absentPages: AbsentPages
    ) throws(Status) {
        var done = 0
        while done < bytes.count {
            // Now and then too few, so that writes stop in the middle.
            var frames = pager.arena.take(bytes.count % 5 + 1)
            var outcome: Result<WriteResult, Status> = .success(WriteResult())
            unsafe bytes.withUnsafeBytes { buffer in
                do throws(Status) {
                    // SAFETY: the buffer lives for the call.
                    outcome = .success(
                        try unsafe write(
                            UnsafeRawBufferPointer(rebasing: buffer[done...]),
                            at: offset + UInt64(done),
                            frames: &frames,
                            absentPages: absentPages
                        )
                    )
                } catch {
                    outcome = .failure(error)
                }
            }
            let result = try outcome.get()
            if let failure = result.failure { throw failure }
            done += result.byteCount
        }
    }
}
