import Storage
import SystemPackage
import TestSupport
import Testing

struct FileFlagsTests {
    private static let noDump: UInt8 = 0x40
    private static let extendedNoDump: UInt8 = 0x80

    @Test("flags that are set are there, in either form, of files and directories")
    func roundTrip() throws {
        let fixture = try StoreFixture()
        let (file, _) = try fixture.makeFile("file")
        for node in [file, fixture.root] {
            guard let before = try? node.fileFlags(.word) else {
                print("the file system of \(fixture.directory.path) has no flags: not tested")
                return
            }
            var bytes = before.bytes
            bytes[0] |= Self.noDump
            let changed = try #require(FileFlags(.word, bytes))
            try node.setFileFlags(changed, as: fixture.caller)
            #expect(try node.fileFlags(.word) == changed)
            let extended = try node.fileFlags(.extended)
            let isNoDump: Bool = extended.bytes[0] & Self.extendedNoDump != 0
            #expect(isNoDump)
            try node.setFileFlags(before, as: fixture.caller)
            #expect(try node.fileFlags(.word) == before)
        }
    }

    @Test("other objects have none")
    func others() throws {
        let fixture = try StoreFixture()
        let (link, _) = try fixture.root.makeSymbolicLink(
            "link",
            target: Array("file".utf8),
            caller: fixture.caller
        )
        #expect(throws: Errno.inappropriateIOCTLForDevice) { try link.fileFlags(.word) }
    }

    @Test("what is immutable or append-only is known in either form")
    func known() throws {
        #expect(FileFlags(.word, [0x10, 0, 0]) == nil)
        try expectKnown(.word, immutable: 0x10, appendOnly: 0x20)
        try expectKnown(.extended, immutable: 0x08, appendOnly: 0x10)
    }

    private func expectKnown(
        _ form: FileFlags.Form,
        immutable: UInt8,
        appendOnly: UInt8
    ) throws {
        var bytes = [UInt8](repeating: 0, count: form.byteCount)
        bytes[0] = immutable
        let first = try #require(FileFlags(form, bytes))
        #expect(first.isImmutable && !first.isAppendOnly)
        bytes[0] = appendOnly
        let second = try #require(FileFlags(form, bytes))
        #expect(second.isAppendOnly && !second.isImmutable)
    }
}
