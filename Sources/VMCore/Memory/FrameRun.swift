/// Frames that lie one after the other in a frame arena: `start ..< start + count`.
public struct FrameRun: Hashable, Sendable {
    /// The number of the first frame.
    public var start: UInt32
    /// The number of frames.
    public var count: UInt32

    /// Makes the run of `count` frames from `start`.
    @inlinable
    public init(start: UInt32, count: UInt32) {
        self.start = start
        self.count = count
    }

    /// The number after the last frame.
    @inlinable public var end: UInt32 { start + count }
}
