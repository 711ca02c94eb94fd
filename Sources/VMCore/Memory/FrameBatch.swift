/// Frames owned by the holder of this value; what is left at its end goes back to the arena.
public struct FrameBatch: ~Copyable, Sendable {
    private var list: FrameRunList
    let arena: FrameArena

    init(_ list: FrameRunList, arena: FrameArena) {
        self.list = list
        self.arena = arena
    }

    deinit {
        arena.release(list)
    }

    /// The number of frames left.
    public var count: Int { list.frameCount }

    /// The frames left, in the order in which they are used.
    public var runs: [FrameRun] { list.runs }

    /// Takes the next frame; nil if none is left.
    ///
    /// The caller owns it.
    mutating func takeOne() -> UInt32? { list.removeFirst(1)?.start }

    /// Takes the next frames that lie together, `countMax` at most; nil if none is left.
    ///
    /// The caller owns them.
    mutating func takeContiguous(_ countMax: Int) -> FrameRun? { list.removeFirst(countMax) }
}
