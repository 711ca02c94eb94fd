internal import Glibc
internal import Support

/// Which slots became Empty while sources were at work, so that nothing stale is supplied.
///
/// A source reads a page from its store, and before it supplies it the page may be written in the
/// VMO, written back, and evicted: it is Empty again, and what the source read is out of date. (A
/// pager in another process must keep such reads and its writeback apart itself, as Fxfs does.) So
/// a supply leaves out slots that became Empty after the call that it belongs to began; whoever
/// waits for them asks again.
///
/// Lock: that of the VMO.
struct EmptiedLog {
    private struct Call {
        let thread: pthread_t
        let start: UInt64
    }

    private struct Entry {
        var pages: PageRange
        var sequence: UInt64
    }

    /// Entries beyond this are merged into one that covers them all: that makes sources read again
    /// more often, but a supply never looks at more.
    private static let entryCountMax = 64

    private var calls: [Call] = []
    private var entries: [Entry] = []
    private var sequence: UInt64 = 0

    /// Notes that this thread calls its source.
    mutating func beginCall() {
        calls.append(Call(thread: pthread_self(), start: sequence))
    }

    /// Notes that the source of this thread has returned.
    mutating func endCall() {
        let thread = pthread_self()
        if let index = calls.lastIndex(where: { $0.thread == thread }) {
            calls.remove(at: index)
        }
        if calls.isEmpty { entries.removeAll() }
    }

    /// Notes that slots in `pages` became Empty.
    mutating func note(_ pages: PageRange) {
        guard !calls.isEmpty else { return }
        sequence += 1
        entries.append(Entry(pages: pages, sequence: sequence))
        guard entries.count > Self.entryCountMax else { return }
        var all = entries[0].pages
        for entry in entries {
            all.start = min(all.start, entry.pages.start)
            all.end = max(all.end, entry.pages.end)
        }
        entries = [Entry(pages: all, sequence: sequence)]
    }

    /// Whether what this thread supplies for `page` may be out of date, and up to which page, at
    /// most `end`, that is so.
    func isStale(_ page: UInt64, to end: UInt64) -> (isStale: Bool, end: UInt64) {
        guard !entries.isEmpty else { return (false, end) }
        let thread = pthread_self()
        // A supply from some other thread may belong to any of the calls.
        let start =
            calls.last { $0.thread == thread }?.start ?? calls.map(\.start).min() ?? sequence
        var limit = end
        for entry in entries where entry.sequence > start {
            if entry.pages.contains(page) { return (true, min(end, entry.pages.end)) }
            if entry.pages.start > page { limit = min(limit, entry.pages.start) }
        }
        return (false, limit)
    }
}
