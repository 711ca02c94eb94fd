/// A line of /proc/self/mountinfo.
public struct MountEntry: Hashable, Sendable {
    /// The mounted file system's device number.
    public var device: DeviceNumber
    /// The directory of the file system that is seen at the mountpoint; `/` but for bind mounts.
    public var root: PathBytes
    /// Where it is seen.
    public var mountpoint: PathBytes
    /// The type, with its subtype: `fuse.vmofs`.
    public var type: String
    /// What is mounted; for our mounts the backing directory.
    public var source: PathBytes
    /// The file system's own options: `rw`, `user_id=0`.
    public var options: [String]

    /// The user who mounted it, where the file system says so (FUSE does).
    public var owner: UInt32? {
        let prefix = "user_id="
        guard let option = options.first(where: { $0.hasPrefix(prefix) }) else { return nil }
        return UInt32(option.dropFirst(prefix.count))
    }

    /// Whether this is a mount of this program.
    public var isVmofs: Bool { type == "fuse.vmofs" }

    /// Reads one line; nil if it has not the form that proc(5) describes.
    ///
    /// Source: proc(5), /proc/[pid]/mountinfo; octal escapes for space, tab, newline, backslash.
    public init?(line: some Sequence<UInt8>) {
        let fields = Array(line).split(
            separator: UInt8(ascii: " "),
            omittingEmptySubsequences: false
        )
        guard fields.count >= 6 else { return nil }
        let text = fields.map { String(decoding: $0, as: UTF8.self) }
        // Optional fields end with a single hyphen; three fields follow, the last perhaps empty.
        guard let hyphen = text.indices.dropFirst(6).first(where: { text[$0] == "-" }),
            text.count >= hyphen + 3, let device = DeviceNumber(text[2])
        else { return nil }
        self.device = device
        root = PathBytes(unescaped(fields[3]))
        mountpoint = PathBytes(unescaped(fields[4]))
        type = text[hyphen + 1]
        source = PathBytes(unescaped(fields[hyphen + 2]))
        options =
            text.count > hyphen + 3 ? text[hyphen + 3].split(separator: ",").map(String.init) : []
    }
}

/// Turns `\ooo` into the byte with this octal number; anything else stays.
private func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var result: [UInt8] = []
    result.reserveCapacity(field.count)
    var rest = field
    while let byte = rest.popFirst() {
        let digits = rest.prefix(3)
        let isEscape =
            byte == UInt8(ascii: "\\") && digits.count == 3
            && digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "7")).contains($0) }
        let value = digits.reduce(0) { $0 * 8 + Int($1) - Int(UInt8(ascii: "0")) }
        if isEscape, let unescapedByte = UInt8(exactly: value) {
            result.append(unescapedByte)
            rest = rest.dropFirst(3)
        } else {
            result.append(byte)
        }
    }
    return result
}
