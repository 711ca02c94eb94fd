internal import CLinux
internal import Glibc
internal import SystemPackage

/// Directory records as one getdents64 returned them, and the place of the next in them.
struct DirectoryBatch: Sendable {
    /// Bytes fetched at once, as much as glibc's readdir fetches.
    private static let byteCount = 32768

    private var bytes: [UInt8] = []
    private var filled = 0
    private var position = 0
    // The offset of the record at `position`; nil if what is in `bytes` follows no known offset.
    private var offset: UInt64?
    private var current: (entry: DirectoryStream.Entry, length: Int)?

    /// Forgets everything fetched.
    mutating func invalidate() {
        filled = 0
        position = 0
        offset = nil
        current = nil
    }

    /// Makes the entry at `offset` the next.
    mutating func seek(to offset: UInt64, in descriptor: borrowing OwnedFileDescriptor)
        throws(Errno)
    {
        if offset == self.offset, offset != 0 { return }
        invalidate()
        let signed = Int(bitPattern: UInt(offset))
        _ = try SystemCalls.seek(descriptor, to: signed, whence: Int(SEEK_SET))
        self.offset = offset
    }

    /// The next entry, which stays so until `advance`; nil at the end.
    mutating func next(in descriptor: borrowing OwnedFileDescriptor) throws(Errno)
        -> DirectoryStream.Entry?
    {
        if let current { return current.entry }
        if position == filled {
            try fill(from: descriptor)
            if filled == 0 { return nil }
        }
        let record = try parse()
        current = record
        return record.entry
    }

    /// Goes past the entry that `next` gave.
    mutating func advance() {
        guard let current else { preconditionFailure("advancing past an entry not looked at") }
        position += current.length
        offset = current.entry.nextOffset
        self.current = nil
    }

    private mutating func fill(from descriptor: borrowing OwnedFileDescriptor) throws(Errno) {
        if bytes.isEmpty { bytes = [UInt8](repeating: 0, count: Self.byteCount) }
        position = 0
        filled = 0
        filled = try unsafe bytes.withUnsafeMutableBufferPointer { buffer throws(Errno) in
            try unsafe SystemCalls.readDirectory(
                descriptor,
                into: UnsafeMutableRawBufferPointer(buffer)
            )
        }
    }

    /// The record at `position`; EIO if the bytes cannot be one.
    private func parse() throws(Errno) -> (entry: DirectoryStream.Entry, length: Int) {
        let nameOffset = Int(CLINUX_DIRENT_NAME_OFFSET)
        guard filled - position > nameOffset else { throw .ioError }
        let length = Int(load(UInt16.self, at: CLINUX_DIRENT_LENGTH_OFFSET))
        guard length > nameOffset, length <= filled - position else { throw .ioError }
        let field = bytes[(position + nameOffset)..<(position + length)]
        guard let end = field.firstIndex(of: 0),
            let name = FileName(bytes: field[..<end])
        else { throw .ioError }
        let entry = DirectoryStream.Entry(
            name: name,
            inode: load(UInt64.self, at: CLINUX_DIRENT_INODE_OFFSET),
            typeBits: UInt32(load(UInt8.self, at: CLINUX_DIRENT_TYPE_OFFSET)) << 12,
            nextOffset: load(UInt64.self, at: CLINUX_DIRENT_NEXT_OFFSET)
        )
        return (entry, length)
    }

    private func load<Value: FixedWidthInteger>(_ type: Value.Type, at field: Int) -> Value {
        // SAFETY: the caller has checked that the record's fixed part lies in `bytes`; any bits
        // make an integer, and an unaligned load asks for no alignment.
        unsafe bytes.withUnsafeBytes {
            unsafe $0.loadUnaligned(fromByteOffset: position + field, as: type)
        }
    }
}
