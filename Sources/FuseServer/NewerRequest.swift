internal import CFuse3

/// Requests that libfuse 3.14 does not know, handed to it as older ones of nearly the same form.
enum NewerRequest: UInt32 {
    /// FUSE_TMPFILE, since protocol 7.37: a file without a name (O_TMPFILE).
    ///
    /// It has the form of FUSE_CREATE, and as the name a `/`, which no name has.
    case unnamedFile = 51
    /// FUSE_STATX, since protocol 7.39: attributes with the time of birth (statx(2)).
    ///
    /// It begins like FUSE_GETATTR; the reply has another form.
    case extendedStatus = 52

    private var translation: fuse_opcode {
        switch self {
        case .unnamedFile: FUSE_CREATE
        case .extendedStatus: FUSE_GETATTR
        }
    }

    /// Makes `request` one that libfuse knows, and returns what it was; nil if libfuse knows it.
    @inline(__always)
    static func translate(_ request: UnsafeMutableRawBufferPointer) -> NewerRequest? {
        guard request.count >= MemoryLayout<fuse_in_header>.size else { return nil }
        // SAFETY: in bounds by the guard; neither the load nor the store needs alignment.
        var header = unsafe request.loadUnaligned(as: fuse_in_header.self)
        guard let newer = NewerRequest(rawValue: header.opcode) else { return nil }
        header.opcode = newer.translation.rawValue
        unsafe request.storeBytes(of: header, as: fuse_in_header.self)
        return newer
    }

    /// Whether the name of a FUSE_CREATE says that the file is to have none.
    static func isUnnamed(_ name: UnsafePointer<CChar>?) -> Bool {
        // SAFETY: libfuse passes NUL-terminated names out of the request's buffer.
        guard let name = unsafe name else { return false }
        return unsafe name[0] == CChar(UInt8(ascii: "/")) && name[1] == 0
    }
}
