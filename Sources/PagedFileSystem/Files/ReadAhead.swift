/// How far a page-in reads beyond what was asked for.
///
/// Pure.
///
/// The kernel reads ahead of the application; this reads ahead of the kernel, so that a sequential
/// reader finds its next pages resident. A page-in that starts where the last one ended doubles
/// the window; any other one closes it, so random reads read what they need.
struct ReadAhead: Equatable {
    /// The window's largest size in pages: 2 MiB, a few milliseconds of a slow disk.
    static let pagesMax: UInt64 = 512
    /// The window's first size in pages.
    static let pagesMin: UInt64 = 32

    private var expectedStart: UInt64 = 0
    private var window: UInt64 = 0

    /// The end of the page-in that begins at `start` and must reach `end`.
    mutating func end(start: UInt64, end: UInt64) -> UInt64 {
        if start == expectedStart {
            window = min(max(window * 2, Self.pagesMin), Self.pagesMax)
        } else {
            window = 0
        }
        let extended = end + window
        expectedStart = extended
        return extended
    }
}
