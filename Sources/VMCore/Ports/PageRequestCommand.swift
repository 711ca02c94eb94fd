/// What a pager is asked for, or told.
///
/// Source: `zx_packet_page_request_t.command`.
public enum PageRequestCommand: UInt16, Sendable {
    /// `ZX_PAGER_VMO_READ`: supply the pages.
    case read = 0
    /// `ZX_PAGER_VMO_COMPLETE`: nothing more will be asked for this VMO.
    case complete = 1
    /// `ZX_PAGER_VMO_DIRTY`: somebody wants to write to the pages.
    case dirty = 2
}
