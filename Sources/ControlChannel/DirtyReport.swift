/// The dirty ranges of one file as `zx_pager_query_dirty_ranges` returns them: the document of
/// `dirty --json`.
public struct DirtyReport: Hashable, Codable, Sendable {
    /// One dirty range; `zx_vmo_dirty_range_t`.
    public struct Range: Hashable, Codable, Sendable {
        /// The first byte, a multiple of the page size.
        public var offset: UInt64
        /// The number of bytes, a multiple of the page size.
        public var length: UInt64
        /// 1 for a range of zeros (`ZX_VMO_DIRTY_RANGE_IS_ZERO`), otherwise 0.
        public var options: UInt64

        /// Makes the range of `length` bytes from `offset`.
        public init(offset: UInt64, length: UInt64, options: UInt64) {
            self.offset = offset
            self.length = length
            self.options = options
        }
    }

    /// The path below the mountpoint.
    public var file: String
    /// The unit of dirty tracking in bytes.
    public var pageSize: UInt64
    /// The size of the VMO, a multiple of the page size.
    public var vmoSize: UInt64
    /// The size of the file in bytes.
    public var contentSize: UInt64
    /// The ranges, in order, at most as many as were asked for.
    public var ranges: [Range]
    /// The number of ranges here.
    public var actual: UInt64
    /// The number of ranges that there are in the part that was asked about.
    public var avail: UInt64

    /// Reports `ranges` out of `avail`.
    public init(
        file: String,
        pageSize: UInt64,
        vmoSize: UInt64,
        contentSize: UInt64,
        ranges: [Range],
        avail: UInt64
    ) {
        self.file = file
        self.pageSize = pageSize
        self.vmoSize = vmoSize
        self.contentSize = contentSize
        self.ranges = ranges
        self.actual = UInt64(ranges.count)
        self.avail = avail
    }

    private enum CodingKeys: String, CodingKey {
        case file, ranges, actual, avail
        case pageSize = "page_size"
        case vmoSize = "vmo_size"
        case contentSize = "content_size"
    }
}
