public import Support

/// Pages of a VMO whose frames lie one after the other, in blocks of the arena.
public struct PlacedPages: Hashable, Sendable {
    /// The pages.
    public var pages: PageRange
    /// The frame of the first page, whether it has one or not.
    public var start: UInt32

    /// The frames of the pages.
    public var frames: FrameRun { FrameRun(start: start, count: UInt32(pages.count)) }

    /// The pages inside `bounds`, with their frames; none if there is none.
    public func clamped(to bounds: PageRange) -> PlacedPages {
        let inside = bounds.clamped(to: pages)
        return PlacedPages(pages: inside, start: start + UInt32(inside.start - pages.start))
    }
}
