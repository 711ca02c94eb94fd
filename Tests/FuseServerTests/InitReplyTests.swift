// Goal: the answer to INIT asks for what libfuse leaves out, and for nothing the kernel lacks.
// Method: requests and replies as the bytes that pass through the custom I/O.
import CFuse3
import Support
import Testing

@testable import FuseServer

@Suite("The INIT handshake")
struct InitReplyTests {
    static let killPrivileges = UInt32(FUSE_HANDLE_KILLPRIV_V2)
    static let parallel = UInt32(FUSE_PARALLEL_DIROPS)
    static let maxPages = UInt32(FUSE_MAX_PAGES)

    @Test("what the kernel offers is taken up", arguments: [UInt32(0), killPrivileges, parallel])
    func takesUp(offered: UInt32) {
        var reply = fuse_init_out()
        reply.flags = UInt32(FUSE_ASYNC_READ)
        InitReply.complete(&reply, offered: offered)
        #expect(reply.flags == UInt32(FUSE_ASYNC_READ) | offered)
        #expect(reply.max_pages == 0)
    }

    @Test("what the kernel offers beyond that is left alone")
    func leavesTheRest() {
        var reply = fuse_init_out()
        InitReply.complete(&reply, offered: ~Self.maxPages)
        #expect(reply.flags == Self.killPrivileges | Self.parallel)
    }

    static let pages: [(maxWrite: UInt32, pages: UInt16)] = [
        (0, 1), (4096, 1), (4097, 2), (1 << 20, 256), (.max - 4095, .max),
    ]

    @Test("the number of pages follows from the size of a write", arguments: pages)
    func countsPages(maxWrite: UInt32, pages: UInt16) {
        var reply = fuse_init_out()
        reply.max_write = maxWrite
        InitReply.complete(&reply, offered: Self.maxPages)
        #expect(reply.max_pages == pages)
        #expect(reply.flags == Self.maxPages)
    }

    @Test("a number of pages that libfuse has set stays")
    func keepsPages() {
        var reply = fuse_init_out()
        reply.flags = Self.maxPages
        reply.max_pages = 32
        reply.max_write = 1 << 20
        InitReply.complete(&reply, offered: Self.maxPages)
        #expect(reply.max_pages == 32)
    }

    /// An INIT request as a kernel of protocol 7.45 sends it.
    private func initRequest(unique: UInt64, offered: UInt32) -> [UInt8] {
        var header = fuse_in_header()
        header.opcode = FUSE_INIT.rawValue
        header.unique = unique
        var body = fuse_init_in()
        body.major = 7
        body.minor = 45
        body.flags = offered
        return bytes(of: header) + bytes(of: body)
    }

    /// Passes a reply through the transport; gives whether it was taken for INIT's, and its flags.
    private func reply(
        _ transport: FuseTransport,
        unique: UInt64,
        error: Int32
    ) -> (isInit: Bool, flags: UInt32) {
        var header = fuse_out_header(len: 0, error: error, unique: unique)
        var body = fuse_init_out()
        return unsafe withUnsafeMutablePointer(to: &header) { header in
            unsafe withUnsafeMutablePointer(to: &body) { body in
                var pieces = unsafe [
                    iovec(iov_base: header, iov_len: MemoryLayout<fuse_out_header>.size),
                    iovec(iov_base: body, iov_len: MemoryLayout<fuse_init_out>.size),
                ]
                let isInit = unsafe pieces.withUnsafeMutableBufferPointer {
                    unsafe transport.completesInit($0)
                }
                return unsafe (isInit, body.pointee.flags)
            }
        }
    }

    @Test("only the successful reply to INIT is completed")
    func recognisesTheReply() {
        let transport = FuseTransport {}
        #expect(reply(transport, unique: 7, error: 0) == (false, 0))
        let request = initRequest(unique: 7, offered: Self.killPrivileges)
        unsafe request.withUnsafeBytes { unsafe transport.received($0, newer: nil) }
        #expect(reply(transport, unique: 8, error: 0) == (false, 0))
        #expect(reply(transport, unique: 7, error: -71) == (false, 0))
        #expect(reply(transport, unique: 7, error: 0) == (true, Self.killPrivileges))
        #expect(transport.initRequest.withLock { $0?.bytes } == request)
    }

    @Test("a request shorter than its header is not looked at", arguments: [0, 1, 39])
    func ignoresShortRequests(count: Int) {
        let transport = FuseTransport {}
        let request = initRequest(unique: 1, offered: 0).prefix(count)
        unsafe request.withUnsafeBytes { unsafe transport.received($0, newer: nil) }
        #expect(transport.initRequest.withLock { $0 } == nil)
    }
}

/// The bytes of a plain C structure.
func bytes<Value: BitwiseCopyable>(of value: Value) -> [UInt8] {
    unsafe withUnsafeBytes(of: value) { unsafe Array($0) }
}
