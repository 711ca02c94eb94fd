/// What a resident page of a VMO owes its pager.
///
///     clean --write, opDirty--> dirty --beginWriteback--> awaitingClean --endWriteback--> clean
///                                 ^                             |
///                                 +--------write, opDirty-------+
///
/// - `clean`: the pager has these bytes. May be evicted.
/// - `dirty`: the pager does not have these bytes, and no writeback of them has begun.
/// - `awaitingClean`: a writeback has begun and nothing was written since. Reported dirty, not
///   evicted; a write makes it dirty again, so that the end of that writeback does not clean it.
///
/// The page table stores the states of many pages in two bitmaps and moves them a word at a time;
/// its tests hold those moves to this table. Source: ZX_PAGER_OP_WRITEBACK_BEGIN and _END.
enum DirtyState: UInt8, CaseIterable, Sendable {
    case clean
    case dirty
    case awaitingClean

    /// What can happen to a page that stays resident.
    enum Event: CaseIterable, Sendable {
        case write
        case opDirty
        case beginWriteback
        case endWriteback
    }

    /// Whether a dirty-range query reports the page.
    var isReported: Bool { self != .clean }

    /// The state after `event`.
    func after(_ event: Event) -> DirtyState {
        switch (self, event) {
        case (_, .write), (_, .opDirty): .dirty
        case (.dirty, .beginWriteback): .awaitingClean
        case (.awaitingClean, .endWriteback): .clean
        case (_, .beginWriteback), (_, .endWriteback): self
        }
    }
}
