internal import Support

/// A VMO whose pages can be held in place.
protocol PinHolder: AnyObject, Sendable {
    /// Takes one pin of each page back.
    func unpin(_ pages: PageRange)
}

/// Pages of a VMO that are held in place until `unpin`, or until this object goes.
///
/// Thread safety: any thread.
public final class PagePin: Sendable {
    private let vmo: any PinHolder
    private let pages: PageRange
    private let isHeld = Guarded(true, rank: .leaf)

    init(_ vmo: any PinHolder, _ pages: PageRange) {
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
