internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

extension StoreFile {
    func dataStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64? {
        guard let offset = Int(exactly: offset) else { return nil }
        do {
            return try SystemCalls.seek(descriptor, to: offset, whence: CLINUX_SEEK_DATA)
        } catch  where error == .noSuchAddressOrDevice {
            return nil
        }
    }

    func holeStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64 {
        guard let position = Int(exactly: offset) else { return offset }
        do {
            return try SystemCalls.seek(descriptor, to: position, whence: CLINUX_SEEK_HOLE)
        } catch  where error == .noSuchAddressOrDevice {
            return offset
        }
    }

    func makeZero(_ range: ByteRange) throws(Errno) -> (punched: UInt64, written: UInt64) {
        try checkIsWritable()
        return try keepingPrivileges { () throws(Errno) in try punchOrWrite(range) }
    }

    private func punchOrWrite(
        _ range: ByteRange
    ) throws(Errno) -> (punched: UInt64, written: UInt64) {
        var punched: UInt64 = 0
        var written: UInt64 = 0
        var offset = range.start
        while offset < range.end {
            guard let start = try dataStart(atOrAfter: offset), start < range.end else { break }
            let run = ByteRange(start, max(start, min(try holeStart(atOrAfter: start), range.end)))
            // The file may have been cut from outside since it was asked.
            if run.isEmpty { break }
            do {
                try SystemCalls.allocate(
                    descriptor,
                    mode: CLINUX_FALLOC_FL_PUNCH_HOLE | CLINUX_FALLOC_FL_KEEP_SIZE,
                    range: run
                )
                punched += run.count
            } catch  where error == .notSupported || error == .noFunction {
                try writeZeros(run)
                written += run.count
            }
            offset = run.end
        }
        return (punched, written)
    }

    private func writeZeros(_ range: ByteRange) throws(Errno) {
        let zeros = [UInt8](repeating: 0, count: Int(min(range.count, 1 << 20)))
        try unsafe zeros.withUnsafeBufferPointer { zeros throws(Errno) in
            var offset = range.start
            while offset < range.end {
                let count = Int(min(range.end - offset, UInt64(zeros.count)))
                // SAFETY: `count` is at most the size of `zeros`, alive in this closure.
                let piece = unsafe UnsafeRawBufferPointer(start: zeros.baseAddress, count: count)
                try unsafe write(at: offset, from: [piece])
                offset += UInt64(count)
            }
        }
    }
}
