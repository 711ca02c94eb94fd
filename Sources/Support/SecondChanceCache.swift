/// Values by key, of which those that were not used for some time can be given up.
///
/// A hand goes round the values: one that was used since it last came by gets a second chance. All
/// calls but `removeUnused` take constant time, as does that for a bounded number of looks.
public struct SecondChanceCache<Key: Hashable, Value> {
    @usableFromInline
    struct Entry {
        @usableFromInline let key: Key
        @usableFromInline var value: Value
        @usableFromInline var isRecent: Bool

        @inlinable
        init(key: Key, value: Value, isRecent: Bool) {
            self.key = key
            self.value = value
            self.isRecent = isRecent
        }
    }

    @usableFromInline var places: [Key: Int] = [:]
    @usableFromInline var entries: [Entry] = []
    @usableFromInline var hand = 0

    /// Makes a cache without values.
    @inlinable
    public init() {}

    /// The number of values.
    @inlinable public var count: Int { entries.count }

    /// All values, in no order.
    @inlinable public var values: some Collection<Value> { entries.lazy.map(\.value) }

    /// The value of a key, which counts as used.
    @inlinable
    public mutating func use(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        entries[place].isRecent = true
        return entries[place].value
    }

    /// Gives `body` the value of a key, which does not count as used; nil if there is none.
    @inlinable
    public mutating func update<Result>(
        _ key: Key,
        _ body: (inout Value) -> Result
    ) -> Result? {
        guard let place = places[key] else { return nil }
        return body(&entries[place].value)
    }

    /// Adds a value, which counts as used, for a key that has none.
    @inlinable
    public mutating func insert(_ value: Value, for key: Key) {
        let previous = places.updateValue(entries.count, forKey: key)
        precondition(previous == nil, "the key has a value already")
        entries.append(Entry(key: key, value: value, isRecent: true))
    }

    /// Takes out the value of a key.
    @inlinable
    @discardableResult
    public mutating func remove(_ key: Key) -> Value? {
        guard let place = places.removeValue(forKey: key) else { return nil }
        return takeEntry(at: place)
    }

    /// Takes out a value that was not used for a full round of the hand and that `isFree` lets go.
    ///
    /// - Returns: nil if `looksMax` looks find none.
    @inlinable
    public mutating func removeUnused(
        looksMax: Int,
        where isFree: (inout Value) -> Bool
    ) -> Value? {
        if entries.isEmpty { return nil }
        for _ in 0..<looksMax {
            if hand >= entries.count { hand = 0 }
            if entries[hand].isRecent {
                entries[hand].isRecent = false
            } else if isFree(&entries[hand].value) {
                places[entries[hand].key] = nil
                return takeEntry(at: hand)
            }
            hand += 1
        }
        return nil
    }

    /// Takes out an entry that has no place any more; the last one gets its.
    @usableFromInline
    mutating func takeEntry(at place: Int) -> Value {
        entries.swapAt(place, entries.count - 1)
        let taken = entries.removeLast()
        if place < entries.count { places[entries[place].key] = place }
        return taken.value
    }
}

extension SecondChanceCache: Sendable where Key: Sendable, Value: Sendable {}
extension SecondChanceCache.Entry: Sendable where Key: Sendable, Value: Sendable {}
