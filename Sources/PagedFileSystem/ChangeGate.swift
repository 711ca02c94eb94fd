internal import Support
internal import Synchronization
internal import SystemPackage

/// Lets changes of content through until the mount ends for those who still use it.
///
/// A daemon that is told to end while files are open writes everything back and goes; a write that
/// it acknowledged after that would be lost. So from some moment on there are none. The same where
/// the file system is shut down.
struct ChangeGate: ~Copyable, Sendable {
    /// What is said to those who come; 0 while they may pass.
    private let refusal = Atomic<Int32>(0)
    private let underWay = Atomic(0)

    /// Makes an open gate.
    init() {}

    /// Runs a change.
    ///
    /// - Throws: what the gate was closed with.
    @inline(__always)
    func pass<Result>(_ change: () throws(Errno) -> Result) throws(Errno) -> Result {
        // Counted before the look: `close` looks at the count after it has closed. Both orders
        // must be seen the same by both sides, hence sequentially consistent.
        underWay.add(1, ordering: .sequentiallyConsistent)
        defer { underWay.subtract(1, ordering: .sequentiallyConsistent) }
        let error = refusal.load(ordering: .sequentiallyConsistent)
        if error != 0 { throw Errno(rawValue: error) }
        return try change()
    }

    /// Lets no change through any more but answers `error`, and waits for those under way.
    func close(with error: Errno) {
        refusal.store(error.rawValue, ordering: .sequentiallyConsistent)
        let patience = Guarded((), rank: .leaf)
        while underWay.load(ordering: .sequentiallyConsistent) > 0 {
            _ = patience.wait(until: MonotonicClock().now + 1_000_000) { _ -> Bool? in nil }
        }
    }
}
