/// The size of a page in bytes, as `zx_system_get_page_size` gives it.
///
/// Fixed at 4096: the unit of Zircon's contract, of the kernel's page cache on x86-64 and arm64,
/// and of every on-disk block size that vmofs meets. A machine with larger pages still works; the
/// kernel merely hands over several of ours at once.
public let pageSize: UInt64 = 4096

/// The largest size of a file in bytes (2^63 - 1), the `MAX_LFS_FILESIZE` of 64-bit Linux.
public let fileSizeMax: UInt64 = UInt64(Int64.max)
