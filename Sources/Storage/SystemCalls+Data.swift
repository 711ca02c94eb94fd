internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

extension SystemCalls {
    /// Reads once into the vectors.
    ///
    /// Source: preadv(2).
    static func read(
        _ descriptor: Int32,
        at offset: Int,
        into vectors: UnsafeBufferPointer<iovec>
    ) throws(Errno) -> Int {
        // SAFETY: the caller's vectors name memory that it may write.
        try retrying(on: descriptor) {
            unsafe clinux_preadv(descriptor, vectors.baseAddress, Int32(vectors.count), offset)
        }
    }

    /// Writes once from the vectors.
    ///
    /// Source: pwritev(2).
    static func write(
        _ descriptor: Int32,
        at offset: Int,
        from vectors: UnsafeBufferPointer<iovec>
    ) throws(Errno) -> Int {
        // SAFETY: the caller's vectors name memory that it may read.
        try retrying(on: descriptor) {
            unsafe clinux_pwritev(descriptor, vectors.baseAddress, Int32(vectors.count), offset)
        }
    }

    /// Source: fallocate(2).
    static func allocate(
        _ descriptor: Int32,
        mode: Int,
        range: ByteRange
    ) throws(Errno) {
        let start = try offset(range.start)
        _ = try offset(range.end)
        let length = Int(range.count)
        _ = try retrying(on: descriptor) {
            clinux_fallocate(descriptor, Int32(mode), start, length)
        }
    }

    /// Source: ftruncate(2).
    static func setSize(_ size: UInt64, of descriptor: Int32) throws(Errno) {
        let size = try offset(size)
        _ = try retrying(on: descriptor) { ftruncate(descriptor, size) }
    }

    /// Source: lseek(2).
    static func seek(
        _ descriptor: Int32,
        to offset: Int,
        whence: Int
    ) throws(Errno) -> UInt64 {
        UInt64(try retrying(on: descriptor) { lseek(descriptor, offset, Int32(whence)) })
    }

    /// Source: futimens(3).
    static func setTimes(
        ofOpenFile descriptor: Int32,
        access: FileTimeChange,
        modification: FileTimeChange
    ) throws(Errno) {
        let times = [timespec(access), timespec(modification)]
        _ = try retrying(on: descriptor) { unsafe futimens(descriptor, times) }
    }

    /// Copies once; returns the bytes copied.
    ///
    /// Source: copy_file_range(2).
    static func copy(
        _ descriptor: Int32,
        _ range: ByteRange,
        to destination: Int32,
        at offset: UInt64
    ) throws(Errno) -> UInt64 {
        var from = try self.offset(range.start)
        var to = try self.offset(offset)
        let count = Int(clamping: range.count)
        return UInt64(
            try retrying(on: descriptor) {
                unsafe clinux_copy_file_range(descriptor, &from, destination, &to, count, 0)
            }
        )
    }
}
