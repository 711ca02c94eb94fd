internal import CFuse3
internal import PagedFileSystem

/// Entries of a directory in the kernel's format, as many as fit the size that it asked for.
@safe
struct DirectoryReply: ~Copyable {
    // SAFETY: allocated in `init`, freed in `deinit`; the first `count` bytes are initialised.
    private let buffer: UnsafeMutableRawBufferPointer
    private var count = 0
    /// Whether entries carry attributes, as readdirplus gives them.
    let withAttributes: Bool
    /// The nodes whose lookup count the entries have raised.
    private(set) var nodes: [NodeID] = []

    /// Makes an empty reply of `capacity` bytes at most.
    init(capacity: Int, withAttributes: Bool) {
        let size = max(0, min(capacity, FusePolicy.directoryReplyBytesMax))
        unsafe buffer = .allocate(byteCount: size, alignment: 8)
        self.withAttributes = withAttributes
    }

    deinit {
        unsafe buffer.deallocate()
    }

    /// Whether there is no entry yet.
    var isEmpty: Bool { count == 0 }

    /// The entries so far.
    var bytes: UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    /// Adds an entry; false, and nothing added, if it does not fit.
    mutating func append(_ item: DirectoryEntry) -> Bool {
        // SAFETY: libfuse writes only if the entry fits the rest of the buffer, whose size it gets;
        // entries are padded to 8 bytes, so each starts aligned.
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[count...])
        let start = unsafe rest.bindMemory(to: CChar.self).baseAddress
        let offset = Int(truncatingIfNeeded: item.nextOffset)
        let size = unsafe item.name.withCString { name in
            if withAttributes {
                var parameters = item.entry?.parameters ?? item.bareParameters
                return unsafe fuse_add_direntry_plus(
                    nil,
                    start,
                    rest.count,
                    name,
                    &parameters,
                    offset
                )
            }
            var status = item.bareParameters.attr
            return unsafe fuse_add_direntry(nil, start, rest.count, name, &status, offset)
        }
        guard size <= rest.count else { return false }
        count += size
        if let entry = item.entry { nodes.append(entry.node) }
        return true
    }
}

extension DirectoryEntry {
    /// The entry without a node, which the kernel takes as a name and a type only.
    var bareParameters: fuse_entry_param {
        var parameters = fuse_entry_param()
        parameters.attr.st_ino = UInt(inode)
        parameters.attr.st_mode = mode
        return parameters
    }
}
