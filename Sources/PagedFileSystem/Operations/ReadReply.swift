internal import Support
internal import VMCore

/// The bytes of a read: pages leased from the frame arena, so that they travel to the kernel
/// without a copy.
///
/// They stay as they are placed until this value is gone.
@safe
public struct ReadReply: ~Copyable {
    private let lease: PageLease?
    private let first: UInt64

    /// How many bytes were read; less than asked for at the end of the file.
    public let byteCount: Int

    /// A reply of `byteCount` bytes that begin at byte `offset` of the file.
    init(_ lease: consuming PageLease, offset: UInt64, byteCount: Int) {
        self.lease = consume lease
        self.first = offset
        self.byteCount = byteCount
    }

    /// A reply of no bytes: at or beyond the end of the file.
    init() {
        lease = nil
        first = 0
        byteCount = 0
    }

    /// The bytes in order, in pieces.
    ///
    /// SAFETY: the pieces point into leased frames, or at the page of zeros that lives as long as
    /// the process; both are valid while this reply is.
    public var buffers: [UnsafeRawBufferPointer] {
        var buffers: [UnsafeRawBufferPointer] = unsafe []
        let end = first + UInt64(byteCount)
        switch lease {
        case .none:
            break
        case .some(let lease):
            for segment in lease.segments {
                let range = segment.pages.bytes.clamped(to: ByteRange(first, end))
                if range.isEmpty { continue }
                let skipped = Int(range.start - segment.pages.bytes.start)
                if let frames = segment.frames {
                    let bytes = unsafe UnsafeRawBufferPointer(lease.arena.bytes(of: frames))
                    unsafe buffers.append(
                        UnsafeRawBufferPointer(rebasing: bytes[skipped...].prefix(Int(range.count)))
                    )
                } else {
                    unsafe ZeroArea.shared.append(byteCount: Int(range.count), to: &buffers)
                }
            }
        }
        return unsafe buffers
    }
}
