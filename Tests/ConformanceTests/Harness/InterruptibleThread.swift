import Glibc
import Support
import Testing

@testable import VMCore

/// A thread that a test can make give up its page request, as the suspension of a thread does in
/// Zircon; Linux cannot suspend one.
final class InterruptibleThread: Sendable {
    private let identity: Guarded<pthread_t?>
    private let thread: TestThread

    /// Starts the thread.
    init(_ action: @escaping @Sendable () throws(Status) -> Void) {
        let identity = Guarded<pthread_t?>(nil, rank: .leaf)
        self.identity = identity
        thread = TestThread { () throws(Status) in
            identity.withLock { $0 = pthread_self() }
            try action()
        }
    }

    /// Makes the thread, which waits for pages of `vmo`, give up its request and ask anew.
    func interruptWait(in vmo: TestVMO) throws {
        let identity = try #require(identity.withLock { $0 })
        try vmo.object.interruptWait(of: identity)
    }

    /// Waits for the action; returns the status with which it failed, or nil.
    func wait() -> Status? {
        thread.wait()
    }
}
