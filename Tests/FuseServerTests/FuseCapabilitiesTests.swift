// Goal: the terms of the connection are ours where the kernel allows them.
// Method: pure functions on libfuse's structure.
import CFuse3
import Testing

@testable import FuseServer

@Suite("FuseCapabilities")
struct FuseCapabilitiesTests {
    @Test("nothing is asked for that the kernel lacks", arguments: 0..<32)
    func staysWithinTheKernel(bit: Int) {
        let capable = UInt32(1) << UInt32(bit)
        let wanted = FuseCapabilities.wanted(
            capable: capable,
            usesWritebackCache: true,
            checksPermissions: true
        )
        #expect(wanted == 0 || wanted == capable)
    }

    static let refused = [
        FUSE_CAP_POSIX_LOCKS, FUSE_CAP_FLOCK_LOCKS, FUSE_CAP_AUTO_INVAL_DATA,
        FUSE_CAP_HANDLE_KILLPRIV, FUSE_CAP_NO_OPEN_SUPPORT, FUSE_CAP_NO_OPENDIR_SUPPORT,
        FUSE_CAP_SPLICE_READ, FUSE_CAP_SPLICE_WRITE, FUSE_CAP_SPLICE_MOVE,
    ]

    @Test("what would harm is never asked for", arguments: refused)
    func refuses(capability: Int32) {
        let wanted = FuseCapabilities.wanted(
            capable: .max,
            usesWritebackCache: true,
            checksPermissions: true
        )
        #expect(wanted & UInt32(capability) == 0)
    }

    @Test("the write-back cache is on unless switched off", arguments: [nil, true, false])
    func followsTheOption(option: Bool?) {
        var options = MountOptions()
        options.usesWritebackCache = option
        var connection = fuse_conn_info()
        connection.capable = .max
        FuseCapabilities.negotiate(&connection, options: options, isRoot: true)
        let isOn = connection.want & UInt32(FUSE_CAP_WRITEBACK_CACHE) != 0
        #expect(isOn == (option ?? true))
    }

    @Test("requests are 1 MiB, or what libfuse's buffer holds if that is less")
    func limitsRequests() {
        for (offered, expected) in [(UInt32.max, UInt32(1 << 20)), (1 << 17, 1 << 17)] {
            var connection = fuse_conn_info()
            connection.max_write = offered
            FuseCapabilities.negotiate(&connection, options: MountOptions(), isRoot: true)
            #expect(connection.max_write == expected)
        }
    }
}
