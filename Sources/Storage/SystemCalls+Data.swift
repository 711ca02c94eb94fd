internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

extension SystemCalls {
    /// Reads once into the vectors.
    ///
    /// Source: preadv(2).
    static func read(
        _ descriptor: borrowing OwnedFileDescriptor,
        at offset: Int,
        into vectors: UnsafeBufferPointer<iovec>
    ) throws(Errno) -> Int {
        // SAFETY: the caller's vectors name memory that it may write.
        try retrying(on: descriptor) { descriptor in
            unsafe clinux_preadv(
                descriptor,
                vectors.baseAddress,
                Int32(vectors.count),
                Int64(offset)
            )
        }
    }

    /// Writes once from the vectors.
    ///
    /// Source: pwritev(2).
    static func write(
        _ descriptor: borrowing OwnedFileDescriptor,
        at offset: Int,
        from vectors: UnsafeBufferPointer<iovec>
    ) throws(Errno) -> Int {
        // SAFETY: the caller's vectors name memory that it may read.
        try retrying(on: descriptor) { descriptor in
            unsafe clinux_pwritev(
                descriptor,
                vectors.baseAddress,
                Int32(vectors.count),
                Int64(offset)
            )
        }
    }

    /// Source: fallocate(2).
    static func allocate(
        _ descriptor: borrowing OwnedFileDescriptor,
        mode: Int,
        range: ByteRange
    ) throws(Errno) {
        let start = try offset(range.start)
        _ = try offset(range.end)
        let length = Int64(range.count)
        _ = try retrying(on: descriptor) { descriptor in
            clinux_fallocate(descriptor, Int32(mode), Int64(start), length)
        }
    }

    /// Source: ftruncate(2).
    static func setSize(_ size: UInt64, of descriptor: borrowing OwnedFileDescriptor) throws(Errno)
    {
        let size = try offset(size)
        _ = try retrying(on: descriptor) { descriptor in ftruncate(descriptor, size) }
    }

    /// Source: lseek(2).
    static func seek(
        _ descriptor: borrowing OwnedFileDescriptor,
        to offset: Int,
        whence: Int
    ) throws(Errno) -> UInt64 {
        UInt64(
            try retrying(on: descriptor) { descriptor in lseek(descriptor, offset, Int32(whence)) }
        )
    }

    /// Source: futimens(3).
    static func setTimes(
        ofOpenFile descriptor: borrowing OwnedFileDescriptor,
        access: FileTimeChange,
        modification: FileTimeChange
    ) throws(Errno) {
        let times = [timespec(access), timespec(modification)]
        _ = try retrying(on: descriptor) { descriptor in unsafe futimens(descriptor, times) }
    }

    /// Copies once; returns the bytes copied.
    ///
    /// Source: copy_file_range(2).
    static func copy(
        _ descriptor: borrowing OwnedFileDescriptor,
        _ range: ByteRange,
        to destination: borrowing OwnedFileDescriptor,
        at offset: UInt64
    ) throws(Errno) -> UInt64 {
        var from = Int64(try self.offset(range.start))
        var to = Int64(try self.offset(offset))
        let count = Int(clamping: range.count)
        return UInt64(
            try retrying(on: descriptor) { descriptor in
                unsafe clinux_copy_file_range(
                    descriptor,
                    &from,
                    destination.rawValue,
                    &to,
                    count,
                    0
                )
            }
        )
    }
}
