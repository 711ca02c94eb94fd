internal import Support

/// A thread that waits on the signals of an object.
final class SignalWait: Sendable {
    private let ended = Guarded<SignalWaitResult?>(nil, rank: .leaf)

    /// How the wait ended; nil as long as it has not.
    var result: SignalWaitResult? { ended.withLock { $0 } }

    /// Ends the wait.
    ///
    /// Lock: that of the object's signals.
    func end(_ result: SignalWaitResult) {
        ended.withLock { $0 = result }
        ended.wakeAll()
    }

    /// Waits for the end; nil if `deadline` passes first.
    func wait(until deadline: UInt64?) -> SignalWaitResult? {
        ended.wait(until: deadline) { $0 }
    }
}
