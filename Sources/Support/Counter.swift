public import Synchronization

/// A count that many threads raise and lower and anybody reads; no ordering is implied.
public struct Counter: ~Copyable, Sendable {
    @usableFromInline let storage: Atomic<Int>

    /// Makes a counter that stands at `value`.
    public init(_ value: Int = 0) {
        storage = Atomic(value)
    }

    /// The count at some recent moment.
    @inlinable public var value: Int { storage.load(ordering: .relaxed) }

    /// Adds `amount`, which may be negative, and returns the new count.
    @inlinable
    @discardableResult
    public func add(_ amount: Int) -> Int {
        storage.add(amount, ordering: .relaxed).newValue
    }

    /// Sets the count.
    @inlinable
    public func set(_ value: Int) {
        storage.store(value, ordering: .relaxed)
    }
}
