/// A half-open run of bytes, `start ..< end`, in offsets from the start of a file or VMO.
///
/// Invariant: `start <= end`.
public struct ByteRange: Hashable, Sendable {
    /// The first byte.
    public var start: UInt64
    /// The byte after the last.
    public var end: UInt64

    /// Makes the run `start ..< end`.
    ///
    /// Preconditions:
    /// - `start <= end`.
    @inlinable
    public init(_ start: UInt64, _ end: UInt64) {
        precondition(start <= end, "byte range \(start)..<\(end) is reversed")
        self.start = start
        self.end = end
    }

    /// Makes the run of `length` bytes from `offset`, or nil where the end overflows.
    @inlinable
    public init?(offset: UInt64, length: UInt64) {
        let (end, overflow) = offset.addingReportingOverflow(length)
        if overflow { return nil }
        self.init(offset, end)
    }

    /// The number of bytes.
    @inlinable public var count: UInt64 { end - start }

    /// Whether there is no byte in the run.
    @inlinable public var isEmpty: Bool { start == end }

    /// The pages that the run touches, the first and last perhaps only in part.
    @inlinable public var pagesRoundedOutward: PageRange {
        PageRange(start / pageSize, pageCount(coveringBytes: end))
    }

    /// The pages that lie in the run whole; empty if none does.
    @inlinable public var pagesRoundedInward: PageRange {
        let first = pageCount(coveringBytes: start)
        return PageRange(first, max(first, end / pageSize))
    }

    /// The part of the run inside `bounds`; empty if none is.
    @inlinable
    public func clamped(to bounds: ByteRange) -> ByteRange {
        let low = min(max(start, bounds.start), bounds.end)
        return ByteRange(low, max(low, min(end, bounds.end)))
    }
}

extension ByteRange: CustomStringConvertible {
    /// `[start,end)`, as ranges are written in this project's documents.
    public var description: String { "[\(start),\(end))" }
}

/// The number of pages that hold the first `byteCount` bytes; rounds up, never overflows.
@inlinable
public func pageCount(coveringBytes byteCount: UInt64) -> UInt64 {
    byteCount / pageSize + (byteCount % pageSize == 0 ? 0 : 1)
}
