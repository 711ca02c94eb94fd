public import Support

/// Pages of a VMO whose frames are pinned: their bytes neither change nor go to anybody else while
/// the lease lives.
///
/// A page that is written, dropped or evicted meanwhile gets a new frame or none; the lease keeps
/// the bytes of the moment at which it was made. The end of the lease unpins.
public struct PageLease: ~Copyable, Sendable {
    /// Pages with contiguous frames, or pages of zeros.
    public struct Segment: Hashable, Sendable {
        /// The pages of the VMO.
        public var pages: PageRange
        /// As many frames, or nil where the pages read as zeros.
        public var frames: FrameRun?
    }

    /// The pages, ascending; neighbours with contiguous frames and neighbouring zeros are merged.
    public private(set) var segments: [Segment]

    /// The arena in which the frames lie.
    public let arena: FrameArena

    /// Makes a lease of frames that are pinned already.
    init(_ segments: [Segment], arena: FrameArena) {
        self.segments = segments
        self.arena = arena
    }

    deinit {
        if segments.contains(where: { $0.frames != nil }) { arena.unpin(segments) }
    }

    /// Adds pages whose frames are pinned already and which follow the last of the lease.
    mutating func append(contentsOf more: [Segment]) {
        if segments.isEmpty {
            segments = more
        } else {
            for segment in more { segments.append(merging: segment) }
        }
    }
}

extension [PageLease.Segment] {
    /// Adds `segment`, which lies after all others, and merges it with the last where it can.
    mutating func append(merging segment: PageLease.Segment) {
        guard let last = last, last.pages.end == segment.pages.start else {
            append(segment)
            return
        }
        switch (last.frames, segment.frames) {
        case (nil, nil):
            self[count - 1].pages.end = segment.pages.end
        case (let left?, let right?) where left.end == right.start:
            self[count - 1].pages.end = segment.pages.end
            self[count - 1].frames?.count += right.count
        default:
            append(segment)
        }
    }
}
