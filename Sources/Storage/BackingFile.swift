public import Support
public import SystemPackage

/// The bytes of an open regular file of the backing tree.
///
/// `StoreFile` is the real one; tests put faults in between. Every call may block on I/O, so none
/// is made with a lock held. Offsets and sizes are in bytes.
///
/// Writes, zeros and sizes leave setuid, setgid and capabilities as they are, which nobody else may
/// change meanwhile.
///
/// Thread safety: any thread; calls on overlapping ranges take effect in some order.
public protocol BackingFile: AnyObject, Sendable {
    /// Why the file cannot be written; nil if it can. Every changing call throws it.
    var writeRefusal: Errno? { get }

    /// Fills the buffers in order with the bytes from `offset` on.
    ///
    /// Returns the bytes read: less than asked only where the file ends.
    func read(at offset: UInt64, into buffers: [UnsafeMutableRawBufferPointer]) throws(Errno) -> Int

    /// Writes all the buffers in order at `offset`, or throws.
    ///
    /// After an error any part may have been written. The longest part in whole pages, from a page
    /// aligned offset and page aligned addresses, bypasses the page cache if it is large; the rest
    /// goes through it, so any alignment is right but only aligned pages are fast.
    func write(at offset: UInt64, from buffers: [UnsafeRawBufferPointer]) throws(Errno)

    /// Makes the range read as zeros without changing the size of the file.
    ///
    /// Data becomes a hole, holes and what lies beyond the end are left alone, and zeros are
    /// written where the file system cannot make holes. Returns the bytes of data that became
    /// holes and the bytes written as zeros.
    func makeZero(_ range: ByteRange) throws(Errno) -> (punched: UInt64, written: UInt64)

    /// The first byte of data at or after `offset`; nil if there is none up to the end.
    func dataStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64?

    /// The first byte of a hole at or after `offset`, the end of the file being one; `offset`
    /// itself if that is beyond the end.
    func holeStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64

    /// The attributes now.
    func attributes() throws(Errno) -> FileAttributes

    /// The largest size in bytes that the file system lets this file have.
    var sizeMax: UInt64 { get }

    /// Sets the size; what is beyond is lost, what is new reads as zeros.
    func setSize(_ size: UInt64) throws(Errno)

    /// Reserves space for the range; unless `keepSize`, the file grows to hold it.
    func allocate(_ range: ByteRange, keepSize: Bool) throws(Errno)

    /// Sets the access and modification times.
    func setTimes(access: FileTimeChange, modification: FileTimeChange) throws(Errno)

    /// Waits until everything written is on the medium, with `dataOnly` leaving out attributes
    /// that are not needed to read it.
    func sync(dataOnly: Bool) throws(Errno)

    /// Copies a range to `offset` of another file without passing through this process.
    ///
    /// Returns the bytes copied: less than asked only where this file ends.
    ///
    /// Errors: `improperLink` (EXDEV) where that cannot be done between these two files, and the
    /// caller copies by reading and writing; EINVAL for overlapping ranges of one file.
    func copy(
        _ range: ByteRange,
        to destination: any BackingFile,
        at offset: UInt64
    ) throws(Errno) -> UInt64
}
