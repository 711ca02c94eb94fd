internal import Support
internal import VMCore

/// The page faults that are being served.
///
/// A record goes before its threads are woken, so that a fault of which the kernel tells while
/// there is a record is answered by the one that serves it.
///
/// Thread safety: any thread. Lock: `LockRank.leaf`.
final class FaultRecords: Sendable {
    private struct Entry {
        let record: FaultRecord
        var threads: Set<Int32>
        /// Where the server waits, if it does, and the server's `pthread_t`.
        var memory: (any MappableMemory)?
        var server: UInt = 0
    }

    private let entries = Guarded<[FaultRecord.Key: Entry]>([:], rank: .leaf)

    /// Notes a fault; returns its record if the caller is to serve it, nil if somebody does.
    func begin(_ event: FaultEvent) -> FaultRecord? {
        let key = FaultRecord.Key(address: event.address, isWrite: event.isWrite)
        return entries.withLock { entries in
            guard entries[key] == nil else {
                entries[key]?.threads.insert(event.thread)
                return nil
            }
            let record = FaultRecord(key)
            entries[key] = Entry(record: record, threads: [event.thread])
            return record
        }
    }

    /// Notes that thread `server` is about to wait for pages of `memory`.
    func wait(_ record: FaultRecord, for memory: any MappableMemory, server: UInt) {
        entries.withLock { entries in
            entries[record.key]?.memory = memory
            entries[record.key]?.server = server
        }
    }

    /// Ends a record that the caller serves; returns the threads that wait.
    ///
    /// Again it does nothing.
    @discardableResult
    func end(_ record: FaultRecord) -> Set<Int32> {
        entries.withLock { entries in
            // The next record of the same fault may be there already.
            guard entries[record.key]?.record === record else { return [] }
            return entries.removeValue(forKey: record.key)?.threads ?? []
        }
    }

    /// Makes those who serve faults at `addresses` give up.
    func cancel(_ addresses: Range<UInt>) {
        let cancelled = entries.withLock { entries in
            entries.values.filter { addresses.contains($0.record.key.address) }
        }
        for entry in cancelled {
            entry.record.cancel()
            entry.memory?.interruptWait(of: entry.server)
        }
    }
}
