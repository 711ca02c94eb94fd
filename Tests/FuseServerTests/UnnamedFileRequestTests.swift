// Goal: a request for a file without a name becomes one that libfuse knows; others stay.
// Method: requests as bytes, cut short as well.
import CFuse3
import Testing

@testable import FuseServer

@Suite("UnnamedFileRequest")
struct UnnamedFileRequestTests {
    @Test("only FUSE_TMPFILE is translated", arguments: [UInt32](0..<60))
    func translates(operation: UInt32) {
        var header = fuse_in_header()
        header.opcode = operation
        header.unique = 7
        var request = bytes(of: header)
        unsafe request.withUnsafeMutableBytes { unsafe UnnamedFileRequest.translate($0) }
        header.opcode = operation == 51 ? FUSE_CREATE.rawValue : operation
        #expect(request == bytes(of: header))
    }

    private func bytes(of header: fuse_in_header) -> [UInt8] {
        unsafe withUnsafeBytes(of: header) { unsafe Array($0) } + [1, 2, 3]
    }

    @Test("a request that is cut short is left alone")
    func leavesShortOnes() {
        let size = MemoryLayout<fuse_in_header>.size
        for count in 0..<size {
            let bytes = [UInt8](repeating: 51, count: count)
            var request = bytes
            unsafe request.withUnsafeMutableBytes { unsafe UnnamedFileRequest.translate($0) }
            #expect(request == bytes)
        }
    }

    @Test("the name says it", arguments: [("/", true), ("a", false), ("", false), ("/a", false)])
    func recognises(name: String, isMeant: Bool) {
        let isRecognised = unsafe UnnamedFileRequest.isMeant(by: name)
        #expect(isRecognised == isMeant)
    }
}
