/// How many pages of a VMO are in which state.
public struct PageCounts: Hashable, Sendable {
    /// Pages with a frame.
    public var resident = 0
    /// Of them, Dirty ones.
    public var dirty = 0
    /// Of them, AwaitingClean ones.
    public var awaitingClean = 0
    /// Dirty zero pages, which have no frame.
    public var dirtyZero = 0

    /// Makes the counts of an empty VMO.
    public init() {}
}
