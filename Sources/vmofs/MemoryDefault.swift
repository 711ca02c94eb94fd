internal import Glibc
internal import SystemPackage

/// The default of `memory=`: a quarter of what this process may use, so that the kernel's own
/// cache in front of the mount and behind it finds room too.
func defaultMemoryBytes() -> UInt64 {
    let pages = max(sysconf(Int32(_SC_PHYS_PAGES)), 0)
    let pageBytes = max(sysconf(Int32(_SC_PAGESIZE)), 0)
    var available = UInt64(pages) * UInt64(pageBytes)
    // Source: cgroups(7); version 2, then version 1. "max" is no number and so no limit.
    for path in ["/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"] {
        if let limit = number(in: path), limit > 0 { available = min(available, limit) }
    }
    let quarter = available / 4
    return max(quarter - quarter % 4096, 64 << 20)
}

/// The number that a file of one line holds.
private func number(in path: String) -> UInt64? {
    guard let file = try? FileDescriptor.open(FilePath(path), .readOnly) else { return nil }
    defer { try? file.close() }
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: 64) { buffer, count in
        // SAFETY: read(2) fills at most the buffer that the array lends to this call.
        count = unsafe (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
    }
    return UInt64(String(decoding: bytes.prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self))
}
