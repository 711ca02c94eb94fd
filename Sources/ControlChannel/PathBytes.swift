/// A path as the kernel knows it: bytes without NUL, in no particular encoding.
///
/// In JSON it is a string where the bytes are UTF-8 and otherwise an array of byte values, so that
/// a file of any name can be asked for and nothing is lost on the way.
public struct PathBytes: Hashable, Sendable {
    /// The bytes, without a terminating NUL.
    public var bytes: [UInt8]

    /// Makes a path of these bytes.
    public init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    /// Makes a path of the UTF-8 bytes of `text`.
    public init(_ text: String) {
        bytes = Array(text.utf8)
    }

    /// Whether this is the path of nothing below its base: the mount itself.
    public var isEmpty: Bool { bytes.isEmpty }

    /// What is left of this path below `base`; nil if it does not lie in `base`.
    ///
    /// `base` itself leaves an empty path. Neither path may end in a slash unless it is `/`.
    public func relative(to base: PathBytes) -> PathBytes? {
        if base.bytes == [slash] { return PathBytes(Array(bytes.drop { $0 == slash })) }
        guard bytes.starts(with: base.bytes) else { return nil }
        let rest = bytes.dropFirst(base.bytes.count)
        guard let first = rest.first else { return PathBytes([]) }
        return first == slash ? PathBytes(Array(rest.dropFirst())) : nil
    }

    /// This path with `name` below it.
    public func appending(_ name: PathBytes) -> PathBytes {
        if name.isEmpty { return self }
        if bytes.isEmpty { return name }
        return PathBytes(bytes + (bytes.last == slash ? [] : [slash]) + name.bytes)
    }
}

private let slash = UInt8(ascii: "/")

extension PathBytes: CustomStringConvertible {
    /// The path as text; bytes that are not UTF-8 become replacement characters.
    public var description: String { String(decoding: bytes, as: UTF8.self) }
}

extension PathBytes: Codable {
    /// Reads a string or an array of bytes.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let text = try? container.decode(String.self) {
            self.init(text)
        } else {
            self.init(try container.decode([UInt8].self))
        }
        if bytes.contains(0) {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "NUL in a path")
        }
    }

    /// Writes a string, or an array of bytes where they are not UTF-8.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if let text = String(validating: bytes, as: UTF8.self) {
            try container.encode(text)
        } else {
            try container.encode(bytes)
        }
    }
}
