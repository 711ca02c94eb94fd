// Pages on their way from one VMO to another.
//
// This is one of the few files with raw pointers.

internal import Support

extension UntrackedState {
    /// The VMO's own pages in the range and its zeros, ascending; pages that show the parent are
    /// left out.
    mutating func content(of pages: PageRange) -> [SupplyRun] {
        var runs: [SupplyRun] = []
        var page = pages.start
        while page < pages.end {
            let run = run(at: page, limit: pages.end)
            let part = PageRange(page, run.end)
            switch run.kind {
            case .own:
                forEachFrameRun(of: run, part.bytes) { bytes, frames, _ in
                    runs.append(SupplyRun(pages: bytes.pagesRoundedOutward, frames: frames))
                }
            case .zero:
                runs.append(SupplyRun(pages: part, frames: nil))
            case .parent:
                break
            }
            page = run.end
        }
        return runs
    }

    /// As `content`, in frames of their own, of the pages that there are.
    ///
    /// - Throws: `noMemory`.
    mutating func copies(of pages: PageRange) throws(Status) -> [SupplyRun] {
        let content = content(of: pages.clamped(to: PageRange(0, sizePages)))
        let needed = content.reduce(0) { $0 + Int($1.frames?.count ?? 0) }
        var frames = arena.take(needed)
        guard frames.count == needed else { throw .noMemory }
        // A store in the middle would be seen in part.
        observer?.revokeWrite(pages)
        var copies: [SupplyRun] = []
        for run in content {
            guard var source = run.frames else {
                copies.append(run)
                continue
            }
            var page = run.pages.start
            while source.count > 0, let copy = frames.takeContiguous(Int(source.count)) {
                let part = FrameRun(start: source.start, count: copy.count)
                // SAFETY: the source's frames are the VMO's, whose lock is held.
                unsafe arena.copy(UnsafeRawBufferPointer(arena.bytes(of: part)), into: copy, at: 0)
                let pages = PageRange(start: page, count: UInt64(copy.count))
                copies.append(SupplyRun(pages: pages, frames: copy))
                source = FrameRun(start: part.end, count: source.count - part.count)
                page = pages.end
            }
        }
        return copies
    }

    /// Takes copies from another VMO in, whose page `first` is page 0 here; the parent is hidden
    /// from page `limit` on.
    mutating func adopt(_ copies: [SupplyRun], from first: UInt64, limit: UInt64) {
        cutParent(at: limit)
        for run in copies {
            var page = run.pages.start - first
            guard var frames = run.frames else {
                clear(PageRange(page, run.pages.end - first))
                continue
            }
            while frames.count > 0 {
                let room = UInt32(UInt64(leafPages) - page % UInt64(leafPages))
                let part = FrameRun(start: frames.start, count: min(frames.count, room))
                install(part, at: page)
                frames = FrameRun(start: part.end, count: frames.count - part.count)
                page += UInt64(part.count)
            }
        }
    }
}
