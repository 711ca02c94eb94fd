internal import CFuse3
internal import CLinux

/// What libfuse 3.14 hides of a request: whether it asks to drop setuid, setgid and capabilities,
/// and whether it is a FUSE_STATX.
///
/// The read callback notes it for its thread, and libfuse runs the handler on the same thread
/// before it reads the next request.
enum RequestFlags {
    /// Whether the request that this thread is serving asks to drop privileges.
    static var dropsPrivileges: Bool { clinux_thread_word() & privilegesBit != 0 }

    /// Whether the request for attributes that this thread is serving is a FUSE_STATX.
    static var isExtendedStatus: Bool { clinux_thread_word() & statusBit != 0 }

    private static let privilegesBit: UInt64 = 1
    private static let statusBit: UInt64 = 2

    /// Notes the flags of the request in `bytes`, and what it was if it was translated.
    @inline(__always)
    static func note(
        _ bytes: UnsafeRawBufferPointer,
        header: fuse_in_header,
        newer: NewerRequest?
    ) {
        var word: UInt64 = newer == .extendedStatus ? statusBit : 0
        if unsafe asksToDropPrivileges(bytes, header: header) { word |= privilegesBit }
        clinux_set_thread_word(word)
    }

    /// Whether the request in `bytes`, which starts with `header`, asks to drop privileges.
    @inline(__always)
    static func asksToDropPrivileges(
        _ bytes: UnsafeRawBufferPointer,
        header: fuse_in_header
    ) -> Bool {
        switch header.opcode {
        case FUSE_WRITE.rawValue:
            let body = unsafe body(bytes, as: fuse_write_in.self)
            return (body?.write_flags ?? 0) & UInt32(FUSE_WRITE_KILL_SUIDGID) != 0
        case FUSE_OPEN.rawValue:
            let body = unsafe body(bytes, as: fuse_open_in.self)
            return (body?.open_flags ?? 0) & UInt32(FUSE_OPEN_KILL_SUIDGID) != 0
        case FUSE_CREATE.rawValue:
            let body = unsafe body(bytes, as: fuse_create_in.self)
            return (body?.open_flags ?? 0) & UInt32(FUSE_OPEN_KILL_SUIDGID) != 0
        case FUSE_SETATTR.rawValue:
            let body = unsafe body(bytes, as: fuse_setattr_in.self)
            return (body?.valid ?? 0) & UInt32(FATTR_KILL_SUIDGID) != 0
        default:
            return false
        }
    }

    /// The operation's own structure behind the header; nil where the request is too short.
    @inline(__always)
    static func body<Body: BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer,
        as type: Body.Type
    ) -> Body? {
        let offset = MemoryLayout<fuse_in_header>.size
        guard bytes.count >= offset + MemoryLayout<Body>.size else { return nil }
        // SAFETY: the guard keeps the load in bounds; it needs no alignment, and any bits are a
        // value of the kernel's plain structures.
        return unsafe bytes.loadUnaligned(fromByteOffset: offset, as: type)
    }
}
