internal import Support
internal import SystemPackage
internal import VMCore

extension PagedFile {
    /// Leases the pages of `count` bytes at `offset`, cut at the end of the file.
    func read(at offset: UInt64, count: Int) throws(Errno) -> ReadReply {
        while true {
            let size = self.size
            guard offset < size, count > 0 else { return ReadReply() }
            let range = ByteRange(offset, min(size, offset + min(UInt64(count), size - offset)))
            do {
                let lease = try vmo.leaseForRead(range.pagesRoundedOutward)
                return ReadReply(lease, offset: offset, byteCount: Int(range.count))
            } catch Status.outOfRange {
                // The file was cut short meanwhile: read again within its new size.
                guard self.size < size else { throw .ioError }
            } catch {
                throw Errno(error)
            }
        }
    }

    /// SEEK_DATA and SEEK_HOLE over what the VMO and the backing file together say: pages of the
    /// VMO are data, its zeros are holes, and where it knows nothing the backing file answers.
    ///
    /// - Returns: the offset, or nil if there is no data from `offset` on.
    func seek(_ wanted: SeekTarget, from offset: UInt64) throws(Errno) -> UInt64? {
        let (size, backingSize) = content.withLock { ($0.size, $0.backingSize) }
        guard offset < size else { return nil }
        let file = try backing.open()
        var position = offset
        while position < size {
            let (kind, endPage) = vmo.extent(at: position / pageSize)
            let end = min(size, endPage * pageSize)
            switch (kind, wanted) {
            case (.data, .data), (.dirtyZero, .hole), (.untrackedZero, .hole), (.marker, .hole):
                return position
            case (.data, .hole), (.dirtyZero, .data), (.untrackedZero, .data), (.marker, .data):
                break
            case (.absent, .data):
                let start = position < backingSize ? try file.dataStart(atOrAfter: position) : nil
                if let start, start < end { return max(start, position) }
            case (.absent, .hole):
                if position >= backingSize { return position }
                let start = try file.holeStart(atOrAfter: position)
                if start < end { return max(start, position) }
            }
            position = max(end, position + 1)
        }
        return wanted == .hole ? size : nil
    }
}

/// What lseek(2) looks for.
enum SeekTarget {
    case data
    case hole
}
