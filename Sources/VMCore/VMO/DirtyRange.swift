/// A run of dirty pages as `zx_pager_query_dirty_ranges` reports it.
///
/// Source: `zx_vmo_dirty_range_t`.
public struct DirtyRange: Hashable, Sendable, BitwiseCopyable {
    /// The first byte, a multiple of the page size.
    public var offset: UInt64
    /// The number of bytes, a multiple of the page size and not 0.
    public var length: UInt64
    /// `isZero` or 0.
    public var options: UInt64

    /// `ZX_VMO_DIRTY_RANGE_IS_ZERO`: the run consists of zeros that no page holds.
    public static let isZero: UInt64 = 1

    /// Makes the range.
    @inlinable
    public init(offset: UInt64, length: UInt64, options: UInt64 = 0) {
        self.offset = offset
        self.length = length
        self.options = options
    }
}

/// The answer to a query of dirty ranges.
public struct DirtyQuery: Hashable, Sendable {
    /// The ranges that fitted; their number is Zircon's `actual`.
    public var ranges: [DirtyRange]
    /// All ranges in the window, those in `ranges` included; nil if not asked for.
    public var avail: Int?
}
