import Support
import Testing

@testable import VMCore

/// Runs a test with a pager of its own; afterwards no request may be left over, and once its
/// handles are gone all memory must be free again.
func withPager(
    frames: Int = 4096,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ body: (UserPager) throws -> Void
) throws {
    let arena: FrameArena
    do {
        let pager = try UserPager(frames: frames)
        arena = pager.arena
        try body(pager)
        pager.expectNoRequests(sourceLocation: sourceLocation)
    }
    try waitUntil("all frames are free", sourceLocation: sourceLocation) {
        arena.freeCount == arena.frameCount && !arena.hasPins
    }
}
