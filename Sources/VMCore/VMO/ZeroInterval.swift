/// A maximal run of dirty zero pages: zeros that the VMO itself supplied (by a grow or OP_ZERO)
/// and that the pager does not know of yet.
///
/// Writeback of zeros is one length from the start of the interval, not a state of each page, as
/// in Zircon: what a write, a merge or a cut does to it follows from that (`ZeroIntervalSet`).
struct ZeroInterval: Hashable, Sendable {
    /// The first page.
    var start: UInt64
    /// The page after the last.
    var end: UInt64
    /// How many pages from `start` on have a writeback of zeros in progress.
    ///
    /// May reach beyond `end`: it is not trimmed when the interval is cut at its end.
    var awaitingCleanLength: UInt64 = 0
}
