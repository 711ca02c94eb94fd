internal import Glibc
internal import Support

/// One outstanding page request: pages that some thread waits for and the pager is asked for.
///
/// Lock: that of the VMO.
final class PageRequest {
    /// How a request ended.
    enum Outcome: Equatable {
        /// The pages are there, or something else happened that is worth another look.
        case resolved
        case failed(Status)
    }

    /// Tells the requests of one VMO apart.
    let id: UInt64
    /// The pages asked for.
    let pages: PageRange
    /// How many of them are not resolved yet.
    var pendingCount: UInt64
    /// Nil while the request is outstanding.
    var outcome: Outcome?
    /// The threads that wait, besides one that calls a source of this process.
    var waiters: [pthread_t] = []

    init(id: UInt64, _ pages: PageRange) {
        self.id = id
        self.pages = pages
        pendingCount = pages.count
    }

    /// How the request ended for this thread; nil if it has to go on waiting.
    ///
    /// A thread whose wait was interrupted looks again at what it needs.
    var outcomeForThisThread: Outcome? {
        outcome ?? (waiters.contains(pthread_self()) ? nil : .resolved)
    }
}
