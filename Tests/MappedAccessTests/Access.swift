// Loads and stores on threads of their own, which tell how they ended.

import CFaultProbe
import Glibc
import Support
import Testing

@testable import VMCore

/// How an access ended.
enum AccessOutcome: Equatable {
    /// It was made; a load gave this word.
    case done(UInt64)
    /// The thread got SIGBUS with a status.
    case failed(Status)
    /// It got another signal.
    case signal(Int32)
}

/// One access to a mapping, on a thread of its own.
final class Access: Sendable {
    /// Longer than any wait that is not a fault of the program's.
    static let patience: UInt64 = 20_000_000_000

    private let outcome = Guarded<AccessOutcome?>(nil, rank: .leaf)

    private init(_ body: @escaping @Sendable () -> AccessOutcome) {
        WorkerThread("access") { [outcome] in
            let result = body()
            outcome.withLock { $0 = result }
            outcome.wakeAll()
        }.detach()
    }

    /// Begins to load the word at `address`.
    static func load(_ address: UInt) -> Access {
        Access {
            var value: UInt64 = 0
            // SAFETY: the value lives for the call; the probe survives any address.
            let probe = unsafe fault_probe_load(address, &value)
            return outcome(probe, at: address) ?? .done(value)
        }
    }

    /// Begins to store `value` at `address`.
    static func store(_ value: UInt64, at address: UInt) -> Access {
        Access {
            let probe = fault_probe_store(address, value)
            return outcome(probe, at: address) ?? .done(value)
        }
    }

    /// Begins something else.
    static func other(_ body: @escaping @Sendable () -> UInt64) -> Access {
        Access { .done(body()) }
    }

    private static func outcome(_ probe: fault_probe, at address: UInt) -> AccessOutcome? {
        guard probe.outcome != 0 else { return nil }
        guard probe.outcome < 0 else { return .signal(probe.outcome) }
        // The kernel tells the page.
        #expect(probe.address == address / UInt(pageSize) * UInt(pageSize))
        return .failed(Status(rawValue: probe.outcome))
    }

    /// Whether it has ended.
    var isOver: Bool { outcome.withLock { $0 != nil } }

    /// Waits until it has ended.
    func end() -> AccessOutcome? {
        let deadline = MonotonicClock().now + Self.patience
        return outcome.wait(until: deadline) { $0 }
    }
}

/// Loads the word at `address` and waits.
func load(_ address: UInt) -> AccessOutcome? { Access.load(address).end() }

/// Stores `value` at `address` and waits.
func store(_ value: UInt64, at address: UInt) -> AccessOutcome? {
    Access.store(value, at: address).end()
}
