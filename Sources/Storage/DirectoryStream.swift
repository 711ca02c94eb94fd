internal import Glibc
internal import Support
public import SystemPackage

/// A directory being listed, from any offset that an entry gave.
///
/// Entries come in the order and with the offsets of the backing file system, `.` and `..`
/// included. Entries made or removed meanwhile may come or not; all others come once. They are
/// fetched in batches, so a name may be gone when it comes; offset 0 always starts afresh.
///
/// Thread safety: any thread; one call at a time, the others wait. Never called with a lock held.
public final class DirectoryStream: Sendable {
    /// One name in the directory.
    public struct Entry: Sendable, Hashable {
        /// The name.
        public var name: FileName
        /// The inode number.
        public var inode: UInt64
        /// The type bits of the mode (`S_IFMT`); 0 where the backing file system does not say.
        public var typeBits: UInt32
        /// Where the listing goes on after this entry.
        public var nextOffset: UInt64
    }

    private let descriptor: OwnedFileDescriptor
    // Taken out of the lock by whoever reads, so that no lock is held while reading.
    private let batch = Guarded<DirectoryBatch?>(DirectoryBatch(), rank: .leaf)

    init(_ descriptor: consuming OwnedFileDescriptor) {
        self.descriptor = descriptor
    }

    /// Calls `body` with the entries from `offset` on, until it returns false or there are no more.
    ///
    /// `offset` is 0 or the `nextOffset` of an entry. The entry for which `body` returned false
    /// counts as not listed. `body` must not use this stream. An error comes before the first
    /// entry or not at all: after some entries it is left to the next call.
    ///
    /// Errors: EINVAL for an offset that the backing file system never gave, EIO.
    public func read(at offset: UInt64, _ body: (Entry) -> Bool) throws(Errno) {
        var batch = takeBatch()
        defer {
            self.batch.withLock { $0 = batch }
            self.batch.wakeAll()
        }
        var hasListed = false
        do throws(Errno) {
            try batch.seek(to: offset, in: descriptor)
            while let entry = try batch.next(in: descriptor) {
                guard body(entry) else { return }
                batch.advance()
                hasListed = true
            }
        } catch {
            batch.invalidate()
            if !hasListed { throw error }
        }
    }

    private func takeBatch() -> DirectoryBatch {
        let taken = batch.wait { batch -> DirectoryBatch? in
            defer { batch = nil }
            return batch
        }
        guard let taken else { preconditionFailure("a wait without deadline ended") }
        return taken
    }
}
