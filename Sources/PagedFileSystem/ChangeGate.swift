internal import Support
internal import Synchronization
internal import SystemPackage

/// Lets changes of content through until the mount ends for those who still use it.
///
/// A daemon that is told to end while files are open writes everything back and goes; a write that
/// it acknowledged after that would be lost. So from some moment on there are none.
struct ChangeGate: ~Copyable, Sendable {
    private let isClosed = Atomic(false)
    private let underWay = Atomic(0)

    /// Makes an open gate.
    init() {}

    /// Runs a change.
    ///
    /// - Throws: `ENOTCONN` once the gate is closed, as every call gets when the daemon is gone.
    @inline(__always)
    func pass<Result>(_ change: () throws(Errno) -> Result) throws(Errno) -> Result {
        // Counted before the look: `close` looks at the count after it has closed. Both orders
        // must be seen the same by both sides, hence sequentially consistent.
        underWay.add(1, ordering: .sequentiallyConsistent)
        defer { underWay.subtract(1, ordering: .sequentiallyConsistent) }
        if isClosed.load(ordering: .sequentiallyConsistent) { throw .socketNotConnected }
        return try change()
    }

    /// Lets no change through any more, and waits for those under way.
    func close() {
        isClosed.store(true, ordering: .sequentiallyConsistent)
        let patience = Guarded((), rank: .leaf)
        while underWay.load(ordering: .sequentiallyConsistent) > 0 {
            _ = patience.wait(until: MonotonicClock().now + 1_000_000) { _ -> Bool? in nil }
        }
    }
}
