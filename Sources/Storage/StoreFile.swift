internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

/// An open regular file of a `DirectoryStore`.
///
/// One descriptor goes through the page cache. Large page aligned writes go by a second one,
/// opened with `O_DIRECT` when first needed: they cost the device's time and almost no processor.
final class StoreFile: BackingFile {
    let descriptor: OwnedFileDescriptor
    let writeRefusal: Errno?
    let direct = DirectDescriptor()

    /// Takes over a descriptor open for reading, and for writing unless there is a refusal.
    init(_ descriptor: consuming OwnedFileDescriptor, writeRefusal: Errno? = nil) {
        self.descriptor = descriptor
        self.writeRefusal = writeRefusal
    }

    func checkIsWritable() throws(Errno) {
        if let writeRefusal { throw writeRefusal }
    }

    func attributes() throws(Errno) -> FileAttributes {
        try SystemCalls.attributes(of: descriptor)
    }

    /// Found by bisection: lseek(2) refuses what lies beyond the limit, and nothing tells it.
    var sizeMax: UInt64 {
        var possible: UInt64 = 0
        var impossible = fileSizeMax + 1
        while impossible - possible > 1 {
            let middle = possible + (impossible - possible) / 2
            if (try? SystemCalls.seek(descriptor, to: Int(middle), whence: Int(SEEK_SET))) != nil {
                possible = middle
            } else {
                impossible = middle
            }
        }
        return possible
    }

    func setSize(_ size: UInt64) throws(Errno) {
        try checkIsWritable()
        try keepingPrivileges { () throws(Errno) in
            try SystemCalls.setSize(size, of: descriptor)
        }
    }

    func allocate(_ range: ByteRange, keepSize: Bool) throws(Errno) {
        try checkIsWritable()
        if range.isEmpty { return }
        let mode = keepSize ? CLINUX_FALLOC_FL_KEEP_SIZE : 0
        try SystemCalls.allocate(descriptor, mode: mode, range: range)
    }

    func setTimes(access: FileTimeChange, modification: FileTimeChange) throws(Errno) {
        try SystemCalls.setTimes(
            ofOpenFile: descriptor,
            access: access,
            modification: modification
        )
    }

    func sync(dataOnly: Bool) throws(Errno) {
        try SystemCalls.sync(descriptor, dataOnly: dataOnly)
    }

    func copy(
        _ range: ByteRange,
        to destination: any BackingFile,
        at offset: UInt64
    ) throws(Errno) -> UInt64 {
        guard let destination = destination as? StoreFile else { throw .improperLink }
        try destination.checkIsWritable()
        var copied: UInt64 = 0
        while copied < range.count {
            let (target, overflow) = offset.addingReportingOverflow(copied)
            if overflow { throw .fileTooLarge }
            do {
                let count = try SystemCalls.copy(
                    descriptor,
                    ByteRange(range.start + copied, range.end),
                    to: destination.descriptor,
                    at: target
                )
                if count == 0 { break }
                copied += count
            } catch  where error == .notSupported || error == .noFunction {
                throw .improperLink
            }
        }
        return copied
    }
}
