import Storage
import Testing

// Which bytes make a name, and that they come back as they went in.
struct FileNameTests {
    @Test("a name holds every byte but NUL and slash")
    func everyByte() throws {
        for byte in UInt8.min...UInt8.max {
            let name = FileName(bytes: [0x61, byte])
            #expect((name == nil) == (byte == 0 || byte == UInt8(ascii: "/")), "byte \(byte)")
            if let name { #expect(Array(name.bytes) == [0x61, byte]) }
        }
        #expect(FileName(bytes: []) == nil)
        #expect(FileName(String()) == nil)
    }

    @Test("a name comes from a C string and goes to one")
    func cString() throws {
        let name: FileName = "na\u{ef}ve"
        let copy = unsafe name.withCString { unsafe FileName(cString: $0) }
        #expect(copy == name)
        #expect(name.byteCount == 6)
        #expect("\(name)" == "na\u{ef}ve")
        let attribute: ExtendedAttributeName = "user.a/b"
        #expect(
            unsafe attribute.withCString { unsafe ExtendedAttributeName(cString: $0) } == attribute
        )
        #expect(unsafe attribute.withCString { unsafe FileName(cString: $0) } == nil)
    }

    @Test(
        "only one dot and two dots are special",
        arguments: [(".", true), ("..", true), ("...", false), (".a", false), ("a.", false)]
    )
    func dots(name: String, isSpecial: Bool) throws {
        #expect(try #require(FileName(name)).isDotOrDotDot == isSpecial)
    }

    @Test("an attribute's name holds slashes but neither NUL nor nothing")
    func attributeNames() {
        #expect(ExtendedAttributeName(bytes: []) == nil)
        #expect(ExtendedAttributeName(bytes: [1, 0]) == nil)
        #expect(ExtendedAttributeName(String("user.x/y")) != nil)
    }

    @Test("times are ordered by seconds, then nanoseconds")
    func timeOrder() {
        let times = [(-2, 999_999_999), (-1, 0), (0, 0), (0, 1), (1, 0)].map {
            FileTime(seconds: Int64($0.0), nanoseconds: UInt32($0.1))
        }
        for (left, right) in zip(times, times.dropFirst()) {
            #expect(left < right)
            #expect(!(right < left))
        }
    }
}
