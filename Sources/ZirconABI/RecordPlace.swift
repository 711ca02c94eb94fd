internal import Support

/// Where a caller of `zx_object_get_info` wants one record, and the counts that go with it.
@safe
struct RecordPlace {
    // SAFETY: the addresses are the caller's, any at all, and go to `UserMemory` alone.
    private let buffer: UnsafeMutableRawPointer?
    private let bufferSize: UInt64
    private let actual: UnsafeMutablePointer<Int>?
    private let avail: UnsafeMutablePointer<Int>?

    init(
        _ buffer: UnsafeMutableRawPointer?,
        _ bufferSize: Int,
        actual: UnsafeMutablePointer<Int>?,
        avail: UnsafeMutablePointer<Int>?
    ) {
        unsafe self.buffer = buffer
        self.bufferSize = bufferSize.asSize
        unsafe self.actual = actual
        unsafe self.avail = avail
    }

    /// Gives the caller the record, or its first `byteCount` bytes, which are an earlier version.
    ///
    /// - Throws: `bufferTooSmall`, with the counts told (0 of 1); `invalidArgs` for an address that
    ///   cannot be written.
    func store<Record: BitwiseCopyable>(
        _ record: Record,
        byteCount: Int = MemoryLayout<Record>.size
    ) throws(Status) {
        let fits = bufferSize >= UInt64(byteCount)
        if fits {
            let bytes = unsafe withUnsafeBytes(of: record) { unsafe Array($0.prefix(byteCount)) }
            unsafe try UserMemory.store(bytes, to: buffer)
        }
        unsafe try UserMemory.storeIfWanted(fits ? 1 : 0, to: actual)
        unsafe try UserMemory.storeIfWanted(1, to: avail)
        if !fits { throw .bufferTooSmall }
    }
}
