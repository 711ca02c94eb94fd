internal import Support

/// Pages of a pager-backed VMO that are held in place until `unpin`, or until this object goes.
///
/// Thread safety: any thread.
public final class PagePin: Sendable {
    private let vmo: VirtualMemoryObject
    private let pages: PageRange
    private let isHeld = Guarded(true, rank: .leaf)

    init(_ vmo: VirtualMemoryObject, _ pages: PageRange) {
        self.vmo = vmo
        self.pages = pages
    }

    deinit {
        unpin()
    }

    /// Lets the pages go; a second call does nothing.
    ///
    /// Source: `zx_pmt_unpin`.
    public func unpin() {
        let wasHeld = isHeld.withLock { isHeld in
            defer { isHeld = false }
            return isHeld
        }
        if wasHeld { vmo.unpin(pages) }
    }
}
