internal import Synchronization
internal import VMCore

/// A page fault that is being served, for every thread that waits in it.
///
/// The kernel tells of it again for each thread, and, while a signal is pending for a thread that
/// waits inside a system call, again and again for that one.
final class FaultRecord: Sendable {
    /// What is one fault: a load or a store of one page of one mapping.
    struct Key: Hashable {
        var address: UInt
        var isWrite: Bool
    }

    let key: Key
    private let isCancelled = Atomic<Bool>(false)

    init(_ key: Key) {
        self.key = key
    }

    /// Whether the mapping is still there, as far as is known.
    var isWanted: Bool { !isCancelled.load(ordering: .sequentiallyConsistent) }

    /// Notes that the mapping went.
    func cancel() {
        isCancelled.store(true, ordering: .sequentiallyConsistent)
    }
}
