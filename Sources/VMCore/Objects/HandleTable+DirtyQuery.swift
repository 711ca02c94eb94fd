// zx_pager_query_dirty_ranges into a caller's buffer.
//
// This is one of the few files with raw pointers.

public import Support

extension HandleTable {
    /// How many dirty ranges a query copied and found.
    public struct DirtyRangeCounts: Hashable, Sendable {
        /// Ranges copied into the buffer.
        public var actual: Int
        /// Ranges in the window, those copied included; nil if not asked for.
        public var avail: Int?
    }

    /// Writes the dirty ranges of `vmo` in a window into `buffer`.
    ///
    /// `buffer` is an array of `zx_vmo_dirty_range_t` of `bufferSize` bytes, of any alignment; a
    /// rest too small for a range is left alone. Too small a buffer is not an error, and nil is
    /// one only if a range would be copied. With `countingAvailable` all ranges are counted, else
    /// the search ends when the buffer is full.
    ///
    /// Source: `zx_pager_query_dirty_ranges`.
    ///
    /// - Throws: the pager handle's status (right `manageVMO`), the VMO handle's (right `read`),
    ///   `invalidArgs` for a VMO of another pager, `outOfRange` for a window that does not lie in
    ///   the VMO as given (it need not be aligned), `invalidArgs` for no buffer where there is
    ///   something to copy.
    public func pagerQueryDirtyRanges(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        buffer: UnsafeMutableRawPointer?,
        bufferSize: Int,
        countingAvailable: Bool
    ) throws(Status) -> DirtyRangeCounts {
        let query = try managedVMO(pager, vmo, rights: .read).queryDirtyRanges(
            offset: offset,
            length: length,
            capacity: max(bufferSize, 0) / MemoryLayout<DirtyRange>.stride,
            countingAvailable: countingAvailable
        )
        if !query.ranges.isEmpty {
            guard let buffer = unsafe buffer else { throw .invalidArgs }
            unsafe query.ranges.withUnsafeBytes { bytes in
                guard let source = bytes.baseAddress else { return }
                // SAFETY: the caller's buffer holds `bufferSize` bytes, and no more ranges were
                // asked for than fit. A range is three UInt64, as in C.
                unsafe buffer.copyMemory(from: source, byteCount: bytes.count)
            }
        }
        return DirtyRangeCounts(actual: query.ranges.count, avail: query.avail)
    }
}
