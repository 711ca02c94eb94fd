// Bytes on their way between a VMO and memory that may itself be a VMO's.
//
// This is one of the few files with raw pointers.

internal import Support

/// Memory for one piece of a read or write: the other side's memory is never touched under a lock,
/// since touching it may fault and need that very lock.
@safe
struct BounceBuffer: ~Copyable {
    /// Bytes of a piece at most: 16 pages, as many as Zircon copies before it lets others come in.
    ///
    /// Doubling it makes others wait twice as long; halving it takes twice as many turns.
    static let byteCountMax: UInt64 = 16 * pageSize

    // SAFETY: allocated here and freed in `deinit`; used only within its bounds.
    private let memory: UnsafeMutableRawBufferPointer

    /// Makes a buffer for an operation on `byteCount` bytes.
    init(for byteCount: UInt64) {
        unsafe memory = .allocate(
            byteCount: Int(min(byteCount, Self.byteCountMax)),
            alignment: Int(pageSize)
        )
    }

    deinit {
        unsafe memory.deallocate()
    }

    /// The piece of `bytes` that starts at `position`: it ends where a page does, or at the end.
    static func piece(of bytes: ByteRange, at position: UInt64) -> ByteRange {
        let pageStart = position - position % pageSize
        return ByteRange(position, min(bytes.end, pageStart + byteCountMax))
    }

    /// The first `count` bytes.
    ///
    /// Valid as long as the buffer.
    func prefix(_ count: UInt64) -> UnsafeMutableRawBufferPointer {
        // SAFETY: slicing checks the bounds.
        unsafe UnsafeMutableRawBufferPointer(rebasing: memory[..<Int(count)])
    }

    /// Copies `source` in from byte `offset` on.
    func put(_ source: UnsafeRawBufferPointer, at offset: UInt64) {
        // SAFETY: slicing checks the bounds.
        let target = unsafe memory[Int(offset)..<Int(offset) + source.count]
        unsafe UnsafeMutableRawBufferPointer(rebasing: target).copyMemory(from: source)
    }

    /// Puts `count` zeros in from byte `offset` on.
    func putZeros(_ count: UInt64, at offset: UInt64) {
        // SAFETY: slicing checks the bounds.
        let target = unsafe memory[Int(offset)..<Int(offset + count)]
        unsafe UnsafeMutableRawBufferPointer(rebasing: target)
            .initializeMemory(as: UInt8.self, repeating: 0)
    }
}
