internal import Glibc
internal import Support
internal import SystemPackage

/// The least bytes that are written past the page cache.
///
/// A direct write waits for the device, a cached one for the copy: below some 64 pages the copy
/// is sooner done, and the kernel can still join it with its neighbours.
private let directBytesMin = 64 * Int(pageSize)

extension StoreFile {
    func read(
        at offset: UInt64,
        into buffers: [UnsafeMutableRawBufferPointer]
    ) throws(Errno) -> Int {
        let start = try SystemCalls.offset(offset)
        // The kernel refuses to look past the largest offset, where the last page of the largest
        // file ends.
        var room = Int(fileSizeMax) - start
        // SAFETY: the vectors name the caller's buffers, alive until this returns.
        var vectors = unsafe IOVectors(
            buffers.map {
                let count = min($0.count, room)
                room -= count
                return unsafe iovec(iov_base: $0.baseAddress, iov_len: count)
            }
        )
        var total = 0
        while !vectors.isEmpty {
            let count = try unsafe vectors.withFirst(before: vectors.endIndex) {
                vectors throws(Errno) in
                try unsafe SystemCalls.read(descriptor, at: start + total, into: vectors)
            }
            if count == 0 { break }
            vectors.removeFirst(bytes: count)
            total += count
        }
        return total
    }

    func write(at offset: UInt64, from buffers: [UnsafeRawBufferPointer]) throws(Errno) {
        try checkIsWritable()
        try keepingPrivileges { () throws(Errno) in unsafe try writeAll(buffers, at: offset) }
    }

    private func writeAll(_ buffers: [UnsafeRawBufferPointer], at offset: UInt64) throws(Errno) {
        // SAFETY: as in `read`; the kernel only reads what a write names.
        var vectors = unsafe IOVectors(
            buffers.map {
                unsafe iovec(
                    iov_base: UnsafeMutableRawPointer(mutating: $0.baseAddress),
                    iov_len: $0.count
                )
            }
        )
        var position = offset
        if offset.isMultiple(of: pageSize) {
            position += try writeDirect(&vectors, at: offset)
        }
        while !vectors.isEmpty {
            position += try writeOnce(
                descriptor,
                &vectors,
                before: vectors.endIndex,
                at: position
            )
        }
    }

    /// Writes the aligned start of `vectors` past the page cache, if it is large.
    ///
    /// Returns the bytes written. What remains, perhaps everything, is for the page cache.
    private func writeDirect(
        _ vectors: inout IOVectors,
        at offset: UInt64
    ) throws(Errno) -> UInt64 {
        let aligned = vectors.aligned
        guard aligned.byteCount >= directBytesMin,
            let direct = direct.value(for: descriptor)
        else { return 0 }
        var total: UInt64 = 0
        while !vectors.isEmpty(before: aligned.end) {
            do {
                total += try writeOnce(
                    direct.descriptor,
                    &vectors,
                    before: aligned.end,
                    at: offset + total
                )
            } catch  where error == .invalidArgument {
                self.direct.refuse()
                break
            }
            // A write cut short by a full disk may end anywhere.
            if !total.isMultiple(of: pageSize) { break }
        }
        return total
    }

    private func writeOnce(
        _ descriptor: borrowing OwnedFileDescriptor,
        _ vectors: inout IOVectors,
        before end: Int,
        at position: UInt64
    ) throws(Errno) -> UInt64 {
        let position = try SystemCalls.offset(position)
        let count = try unsafe vectors.withFirst(before: end) { vectors throws(Errno) in
            try unsafe SystemCalls.write(descriptor, at: position, from: vectors)
        }
        // No file system does this to a write of some bytes; looping on one that does would hang.
        if count == 0 { throw .ioError }
        vectors.removeFirst(bytes: count)
        return UInt64(count)
    }
}
