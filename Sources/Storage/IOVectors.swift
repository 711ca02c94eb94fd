internal import CLinux
internal import Glibc
internal import Support

/// Memory still to be read into or written from, in order.
///
/// Invariant: the first vector, if there is one, is not empty.
@safe
struct IOVectors {
    // SAFETY: the vectors name memory of whoever made them, who keeps it alive.
    private var vectors: [iovec]
    private var first = 0

    init(_ vectors: [iovec]) {
        unsafe self.vectors = vectors
        removeFirst(bytes: 0)
    }

    /// Whether every byte is done.
    var isEmpty: Bool { isEmpty(before: endIndex) }

    /// Whether every byte before the vector `end` is done.
    func isEmpty(before end: Int) -> Bool { first >= end }

    /// The index after the last vector.
    var endIndex: Int { unsafe vectors.count }

    /// The index after the vectors at the start that an `O_DIRECT` descriptor takes, which are
    /// whole pages of memory, and the number of their bytes.
    var aligned: (end: Int, byteCount: Int) {
        var byteCount = 0
        for index in first..<endIndex {
            let address = unsafe UInt(bitPattern: vectors[index].iov_base)
            let length = unsafe vectors[index].iov_len
            guard UInt64(address | UInt(length)).isMultiple(of: pageSize) else {
                return (index, byteCount)
            }
            byteCount += length
        }
        return (endIndex, byteCount)
    }

    /// Calls `body` with as many of the vectors before `end` as one call takes.
    func withFirst<Failure: Error>(
        before end: Int,
        _ body: (UnsafeBufferPointer<iovec>) throws(Failure) -> Int
    ) throws(Failure) -> Int {
        try unsafe vectors.withUnsafeBufferPointer { vectors throws(Failure) in
            let last = min(end, first + Int(CLINUX_IOV_MAX))
            // SAFETY: `first ..< last` lies within the array, alive in this closure.
            return try unsafe body(UnsafeBufferPointer(rebasing: vectors[first..<last]))
        }
    }

    /// Takes `bytes` away from the start: they are done.
    mutating func removeFirst(bytes: Int) {
        var remaining = bytes
        while first < endIndex {
            let length = unsafe vectors[first].iov_len
            if remaining < length {
                // SAFETY: the rest of the vector begins inside the memory that it names.
                unsafe vectors[first].iov_base = unsafe vectors[first].iov_base + remaining
                unsafe vectors[first].iov_len = length - remaining
                return
            }
            remaining -= length
            first += 1
        }
        precondition(remaining == 0, "\(remaining) bytes more were moved than asked")
    }
}
