import Glibc
import Support
import Testing

/// Waits until `condition` holds; records an issue if it does not within 30 seconds.
func waitUntil(
    _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () -> Bool
) throws {
    let deadline = MonotonicClock().now + 30_000_000_000
    while !condition() {
        guard MonotonicClock().now < deadline else {
            Issue.record("it never came to be that \(what)", sourceLocation: sourceLocation)
            throw Status.badState
        }
        usleep(100)
    }
}
