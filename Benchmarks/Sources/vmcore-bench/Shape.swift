import Support

/// Where the dirty runs of a VMO lie; each run is one page.
struct Shape {
    enum Layout: String, CaseIterable {
        /// At equal distances, dirtied in ascending order.
        case even
        /// Every other page of clusters of 100 runs, the clusters at equal distances.
        case clustered
        /// Anywhere, dirtied in random order, so that neighbours lie far apart in memory.
        case random
    }

    enum Kind: String, CaseIterable {
        case data
        case zero
        /// Data and zeros in turn.
        case mixed
    }

    static let sizes: [(name: String, bytes: UInt64)] = [
        ("1 GiB", 1 << 30), ("1 TiB", 1 << 40), ("1 EiB", 1 << 60),
    ]
    static let runCounts = [10, 1000, 100_000, 1_000_000]
    private static let clusterRuns: UInt64 = 100

    let sizeName: String
    let sizeBytes: UInt64
    let runCount: Int
    let layout: Layout
    let kind: Kind

    var name: String { "\(sizeName) \(runCount) \(layout.rawValue) \(kind.rawValue)" }

    /// Whether there is a page between any two of as many runs.
    var fits: Bool { UInt64(runCount) * 2 <= sizeBytes / pageSize }

    /// The page of each run, ascending.
    func pages() -> [UInt64] {
        let pageCount = sizeBytes / pageSize
        let runCount = UInt64(runCount)
        let stride = pageCount / runCount
        switch layout {
        case .even:
            return (0..<runCount).map { $0 * stride }
        case .clustered:
            let clusterCount = (runCount + Self.clusterRuns - 1) / Self.clusterRuns
            let clusterStride = pageCount / clusterCount
            return (0..<runCount).map { run in
                run / Self.clusterRuns * clusterStride + run % Self.clusterRuns * 2
            }
        case .random:
            var generator = Generator(seed: 1)
            return (0..<runCount).map { $0 * stride + generator.next() % (stride - 1) }
        }
    }

    /// The runs' indices in the order in which they are dirtied.
    func order() -> [Int] {
        var generator = Generator(seed: 2)
        let ascending = Array(0..<runCount)
        return layout == .random ? ascending.shuffled(using: &generator) : ascending
    }

    func isZero(_ run: Int) -> Bool { kind == .zero || kind == .mixed && run % 2 == 1 }
}

/// Random numbers that are the same in each run: SplitMix64.
struct Generator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
