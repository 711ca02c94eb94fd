internal import Support

/// A set of pages that lie in clusters: 512 bits for each cluster that has a page.
struct PageSet {
    private static let clusterPages: UInt64 = 512

    private var clusters: [UInt64: SIMD8<UInt64>] = [:]

    /// Adds a page.
    mutating func insert(_ page: UInt64) {
        let bit = page % Self.clusterPages
        clusters[page / Self.clusterPages, default: .zero][Int(bit / 64)] |= 1 << (bit % 64)
    }

    /// Takes the pages inside `bounds` out and calls `body` with each run of them, at most a
    /// cluster long.
    mutating func remove(in bounds: PageRange, _ body: (PageRange) -> Void) {
        guard !bounds.isEmpty else { return }
        let first = bounds.start / Self.clusterPages
        let last = (bounds.end - 1) / Self.clusterPages
        // Bounds may be far larger than the set.
        let indexes =
            last - first < UInt64(clusters.count)
            ? Array(first...last) : clusters.keys.filter { $0 >= first && $0 <= last }.sorted()
        for index in indexes { remove(cluster: index, in: bounds, body) }
    }

    private mutating func remove(
        cluster index: UInt64,
        in bounds: PageRange,
        _ body: (PageRange) -> Void
    ) {
        guard var bits = clusters[index] else { return }
        let base = index * Self.clusterPages
        let inside = PageRange(start: base, count: Self.clusterPages).clamped(to: bounds)
        var start: UInt64?
        for page in inside.start..<inside.end {
            let word = Int((page - base) / 64)
            let mask: UInt64 = 1 << ((page - base) % 64)
            if bits[word] & mask != 0 {
                bits[word] &= ~mask
                if start == nil { start = page }
            } else if let first = start {
                body(PageRange(first, page))
                start = nil
            }
        }
        if let first = start { body(PageRange(first, inside.end)) }
        clusters[index] = bits == .zero ? nil : bits
    }
}
