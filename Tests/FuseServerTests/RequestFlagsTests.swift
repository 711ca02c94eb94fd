// Goal: the flags that libfuse hides are found in raw requests, and short requests do no harm.
// Method: requests as bytes, cut at every length.
import CFuse3
import Testing

@testable import FuseServer

@Suite("RequestFlags")
struct RequestFlagsTests {
    struct Case: CustomTestStringConvertible, Sendable {
        var name: String
        var opcode: UInt32
        var body: [UInt8]
        var dropsPrivileges: Bool
        var testDescription: String { name }
    }

    static let cases: [Case] = {
        var write = fuse_write_in()
        write.write_flags = UInt32(FUSE_WRITE_KILL_SUIDGID)
        var cachedWrite = fuse_write_in()
        cachedWrite.write_flags = UInt32(FUSE_WRITE_CACHE)
        var open = fuse_open_in()
        open.open_flags = UInt32(FUSE_OPEN_KILL_SUIDGID)
        var plainOpen = fuse_open_in()
        plainOpen.flags = .max
        var create = fuse_create_in()
        create.open_flags = UInt32(FUSE_OPEN_KILL_SUIDGID)
        var setAttributes = fuse_setattr_in()
        setAttributes.valid = UInt32(FATTR_KILL_SUIDGID | FATTR_SIZE)
        var resize = fuse_setattr_in()
        resize.valid = UInt32(FATTR_SIZE)
        return [
            Case("write", FUSE_WRITE, bytes(of: write) + [1, 2, 3], true),
            Case("write from the cache", FUSE_WRITE, bytes(of: cachedWrite), false),
            Case("open", FUSE_OPEN, bytes(of: open), true),
            Case("plain open", FUSE_OPEN, bytes(of: plainOpen), false),
            Case("create", FUSE_CREATE, bytes(of: create), true),
            Case("setattr", FUSE_SETATTR, bytes(of: setAttributes), true),
            Case("resize", FUSE_SETATTR, bytes(of: resize), false),
            Case("another operation", FUSE_READ, [UInt8](repeating: 0xff, count: 128), false),
        ]
    }()

    @Test("the wish to drop privileges is found, and only where it is", arguments: cases)
    func finds(example: Case) {
        #expect(example.asks(bodyCount: example.body.count) == example.dropsPrivileges)
    }

    @Test("a request that is cut short asks for nothing", arguments: cases)
    func survivesShortRequests(example: Case) {
        for count in 0..<min(8, example.body.count) {
            #expect(!example.asks(bodyCount: count))
        }
    }
}

extension RequestFlagsTests.Case {
    init(_ name: String, _ opcode: fuse_opcode, _ body: [UInt8], _ dropsPrivileges: Bool) {
        self.init(
            name: name,
            opcode: opcode.rawValue,
            body: body,
            dropsPrivileges: dropsPrivileges
        )
    }

    /// Whether the request with the first `bodyCount` bytes of the body asks to drop privileges.
    func asks(bodyCount: Int) -> Bool {
        var header = fuse_in_header()
        header.opcode = opcode
        let request = bytes(of: header) + body.prefix(bodyCount)
        return unsafe request.withUnsafeBytes {
            unsafe RequestFlags.asksToDropPrivileges($0, header: header)
        }
    }
}
