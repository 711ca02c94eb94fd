internal import Support

/// Who supplies the absent pages of a VMO.
enum PageProvider {
    /// An object of this process, called on the thread that faults.
    case source(any PageSource)
    /// Whoever reads the packets from a port; the thread that faults waits.
    case port(PageRequestQueue)

    var queue: PageRequestQueue? {
        if case .port(let queue) = self { queue } else { nil }
    }
}
