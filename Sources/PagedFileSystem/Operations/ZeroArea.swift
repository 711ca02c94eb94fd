internal import Glibc

/// A stretch of zeros that replies and writes of zeros point at; read-only, shared, never freed.
@safe
final class ZeroArea: Sendable {
    static let shared = ZeroArea()

    /// 128 KiB: a read of a hole of 1 MiB takes eight pieces, and the kernel's zero page backs
    /// all of it.
    private static let byteCount = 128 << 10

    // SAFETY: a private anonymous mapping without write permission, made once, never unmapped.
    private nonisolated(unsafe) let bytes: UnsafeRawBufferPointer

    private init() {
        let address = unsafe mmap(
            nil,
            Self.byteCount,
            PROT_READ,
            MAP_PRIVATE | MAP_ANONYMOUS,
            -1,
            0
        )
        precondition(unsafe address != MAP_FAILED, "no address space for 128 KiB of zeros")
        unsafe bytes = UnsafeRawBufferPointer(start: address, count: Self.byteCount)
    }

    /// Appends pieces that hold `byteCount` zeros together.
    func append(byteCount: Int, to buffers: inout [UnsafeRawBufferPointer]) {
        var left = byteCount
        while left > 0 {
            let count = min(left, Self.byteCount)
            unsafe buffers.append(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
            left -= count
        }
    }
}
