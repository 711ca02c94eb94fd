// Goal: requests that libfuse does not know become such that it knows; others stay.
// Method: requests as bytes, cut short as well.
import CFuse3
import Testing

@testable import FuseServer

@Suite("NewerRequest")
struct NewerRequestTests {
    @Test("only FUSE_TMPFILE and FUSE_STATX are translated", arguments: [UInt32](0..<60))
    func translates(operation: UInt32) {
        var header = fuse_in_header()
        header.opcode = operation
        header.unique = 7
        var request = bytes(of: header)
        let newer = unsafe request.withUnsafeMutableBytes { unsafe NewerRequest.translate($0) }
        let translations = [51: FUSE_CREATE, 52: FUSE_GETATTR]
        header.opcode = translations[Int(operation)]?.rawValue ?? operation
        #expect(request == bytes(of: header))
        #expect(newer?.rawValue == (translations[Int(operation)] == nil ? nil : operation))
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
            let newer = unsafe request.withUnsafeMutableBytes { unsafe NewerRequest.translate($0) }
            #expect(request == bytes && newer == nil)
        }
    }

    @Test("the name says it", arguments: [("/", true), ("a", false), ("", false), ("/a", false)])
    func recognises(name: String, isMeant: Bool) {
        let isRecognised = unsafe NewerRequest.isUnnamed(name)
        #expect(isRecognised == isMeant)
    }
}
