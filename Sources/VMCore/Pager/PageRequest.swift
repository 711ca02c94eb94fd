internal import Support

/// One outstanding page request: pages that some thread waits for and a source is asked for.
///
/// Lock: that of the VMO.
final class PageRequest {
    /// How a request ended.
    enum Outcome: Equatable {
        /// The pages are there, or something else happened that is worth another look.
        case resolved
        case failed(Status)
    }

    /// The pages asked for.
    let pages: PageRange
    /// How many of them are not resolved yet.
    var pendingCount: UInt64
    /// Nil while the request is outstanding.
    var outcome: Outcome?
    /// Whether some thread besides the asking one waits.
    var hasWaiters = false

    init(_ pages: PageRange) {
        self.pages = pages
        pendingCount = pages.count
    }
}
