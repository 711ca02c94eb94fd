internal import Glibc

/// Bytes without a NUL among them, kept with a NUL at the end so that C can read them in place.
struct ByteString: Sendable, Hashable {
    private let terminated: [UInt8]

    /// Copies the bytes; nil if one of them is NUL.
    init?(_ bytes: some Collection<UInt8>) {
        if bytes.contains(0) { return nil }
        var terminated: [UInt8] = []
        terminated.reserveCapacity(bytes.count + 1)
        terminated.append(contentsOf: bytes)
        terminated.append(0)
        self.terminated = terminated
    }

    /// Takes over bytes of which the last and no other is NUL.
    init(terminated: [UInt8]) {
        assert(terminated.firstIndex(of: 0) == terminated.count - 1)
        self.terminated = terminated
    }

    /// The bytes without the terminator.
    var bytes: ArraySlice<UInt8> { terminated.dropLast() }

    /// Calls `body` with the C string, valid only inside `body`.
    func withCString<Result, Failure: Error>(
        _ body: (UnsafePointer<CChar>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try unsafe terminated.withUnsafeBufferPointer { buffer throws(Failure) in
            // SAFETY: the array holds at least the terminator, so it has an address; UInt8 and
            // CChar have one layout; the pointer lives as long as the closure.
            guard let start = buffer.baseAddress else {
                preconditionFailure("a byte string without its terminator")
            }
            return try unsafe UnsafeRawPointer(start).withMemoryRebound(
                to: CChar.self,
                capacity: buffer.count,
                body
            )
        }
    }
}

/// The bytes of a C string, in place and without its terminator.
func cStringBytes(at cString: UnsafePointer<CChar>) -> UnsafeRawBufferPointer {
    // SAFETY: the caller vouches for a NUL-terminated string that outlives the result.
    unsafe UnsafeRawBufferPointer(start: cString, count: strlen(cString))
}
