public import Support

extension HandleTable {
    /// Reports the dirty ranges of `vmo` in a window, `capacity` of them at most.
    ///
    /// With `countingAvailable` all ranges are counted, else the search ends with the last that is
    /// returned. One consistent moment: in C, where the caller's buffer is filled afterwards, this
    /// is what the buffer is filled from.
    ///
    /// Source: `zx_pager_query_dirty_ranges`.
    ///
    /// - Throws: the pager handle's status (right `manageVMO`), the VMO handle's (right `read`),
    ///   `invalidArgs` for a VMO of another pager, `outOfRange` for a window that does not lie in
    ///   the VMO as given (it need not be aligned).
    public func pagerQueryDirtyRanges(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        capacity: Int,
        countingAvailable: Bool
    ) throws(Status) -> DirtyQuery {
        try managedVMO(pager, vmo, rights: .read).queryDirtyRanges(
            offset: offset,
            length: length,
            capacity: capacity,
            countingAvailable: countingAvailable
        )
    }
}
