/// A half-open run of pages, `start ..< end`, in page numbers.
///
/// Invariant: `start <= end`.
public struct PageRange: Hashable, Sendable {
    /// The first page.
    public var start: UInt64
    /// The page after the last.
    public var end: UInt64

    /// Makes the run `start ..< end`.
    ///
    /// Preconditions:
    /// - `start <= end`.
    @inlinable
    public init(_ start: UInt64, _ end: UInt64) {
        precondition(start <= end, "page range \(start)..<\(end) is reversed")
        self.start = start
        self.end = end
    }

    /// Makes the run of `count` pages from `start`.
    @inlinable
    public init(start: UInt64, count: UInt64) {
        self.init(start, start + count)
    }

    /// The number of pages.
    @inlinable public var count: UInt64 { end - start }

    /// Whether there is no page in the run.
    @inlinable public var isEmpty: Bool { start == end }

    /// The same run in bytes.
    @inlinable public var bytes: ByteRange { ByteRange(start * pageSize, end * pageSize) }

    /// Whether `page` lies in the run.
    @inlinable
    public func contains(_ page: UInt64) -> Bool { page >= start && page < end }

    /// Whether the two runs share a page.
    @inlinable
    public func overlaps(_ other: PageRange) -> Bool { start < other.end && other.start < end }

    /// The part of the run inside `bounds`; empty (at `bounds.start` or `bounds.end`) if none is.
    @inlinable
    public func clamped(to bounds: PageRange) -> PageRange {
        let low = min(max(start, bounds.start), bounds.end)
        return PageRange(low, max(low, min(end, bounds.end)))
    }
}

extension PageRange: CustomStringConvertible {
    /// `[start,end)`, as ranges are written in this project's documents.
    public var description: String { "[\(start),\(end))" }
}
