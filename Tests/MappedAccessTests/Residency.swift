// Whether an access would fault.

import Glibc
import Support

/// Whether the page at `address` is in the page table of this process, so that a load would not
/// fault.
func isResident(_ address: UInt) -> Bool { pageTableEntry(address) >> 63 & 1 != 0 }

/// Waits until there is no mark of a failure in the page table at `address`; it goes soon after a
/// thread that could take no signal has seen it.
func awaitNoMark(_ address: UInt) {
    while pageTableEntry(address) >> 62 & 1 != 0, pageTableEntry(address) >> 57 & 1 == 0 {
        sched_yield()
    }
}

/// What /proc/self/pagemap tells of the page at `address`: bit 63 that it is there, bit 62 that
/// something else is, bit 57 that stores are to fault.
private func pageTableEntry(_ address: UInt) -> UInt64 {
    // SAFETY: a literal path.
    let descriptor = unsafe open("/proc/self/pagemap", O_RDONLY)
    defer { close(descriptor) }
    var entry: UInt64 = 0
    let offset = Int(address / UInt(pageSize)) * 8
    // SAFETY: the entry has 8 bytes.
    let count = unsafe pread(descriptor, &entry, 8, offset)
    return count == 8 ? entry : 0
}
