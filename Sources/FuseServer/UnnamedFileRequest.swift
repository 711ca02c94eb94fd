internal import CFuse3

/// The request for a file without a name (O_TMPFILE), which libfuse 3.14 does not know.
///
/// It has the form of FUSE_CREATE, and as the name a `/`, which no name has. So it is handed to
/// libfuse as one of those.
enum UnnamedFileRequest {
    /// FUSE_TMPFILE, since protocol 7.37.
    private static let operation: UInt32 = 51

    /// Makes `request` a FUSE_CREATE if it is one for a file without a name.
    @inline(__always)
    static func translate(_ request: UnsafeMutableRawBufferPointer) {
        guard request.count >= MemoryLayout<fuse_in_header>.size else { return }
        // SAFETY: in bounds by the guard; neither the load nor the store needs alignment.
        var header = unsafe request.loadUnaligned(as: fuse_in_header.self)
        guard header.opcode == operation else { return }
        header.opcode = FUSE_CREATE.rawValue
        unsafe request.storeBytes(of: header, as: fuse_in_header.self)
    }

    /// Whether the name of a FUSE_CREATE says that the file is to have none.
    static func isMeant(by name: UnsafePointer<CChar>?) -> Bool {
        // SAFETY: libfuse passes NUL-terminated names out of the request's buffer.
        guard let name = unsafe name else { return false }
        return unsafe name[0] == CChar(UInt8(ascii: "/")) && name[1] == 0
    }
}
