internal import CFuse3

/// What libfuse leaves out of its answer to INIT.
///
/// libfuse 3.14 cannot ask for FUSE_HANDLE_KILLPRIV_V2 and forgets FUSE_PARALLEL_DIROPS. The first
/// is worth a factor of five on small writes: without it the kernel asks for `security.capability`
/// before each one. The promise behind it, to drop setuid, setgid and capabilities on the requests
/// that say so, is kept by the file system.
enum InitReply {
    /// Adds to `reply` what the kernel `offered` in its request and libfuse did not take up.
    static func complete(_ reply: inout fuse_init_out, offered: UInt32) {
        let wanted = UInt32(FUSE_HANDLE_KILLPRIV_V2 | FUSE_PARALLEL_DIROPS)
        reply.flags |= wanted & offered
        let maxPages = UInt32(FUSE_MAX_PAGES)
        if offered & maxPages != 0, reply.flags & maxPages == 0 {
            reply.flags |= maxPages
            reply.max_pages = UInt16(clamping: max(1, (reply.max_write + 4095) / 4096))
        }
    }
}
