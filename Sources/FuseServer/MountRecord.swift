internal import SystemPackage

/// One line of `/proc/self/mountinfo`: what is mounted where.
///
/// Reading it never asks the mounted file system anything, so it works on a mount whose server
/// does not answer.
///
/// Source: proc_pid_mountinfo(5).
struct MountRecord: Equatable {
    /// The mount's id, unique among the mounts there are.
    var id: Int
    /// The device number as `MAJOR:MINOR`.
    var device: String
    /// The mount point, its octal escapes undone.
    var mountpoint: [UInt8]

    /// Every mount that this process sees, in the order of mounting.
    static func current() throws(Errno) -> [MountRecord] {
        parse(try readAll("/proc/self/mountinfo"))
    }

    static func parse(_ text: [UInt8]) -> [MountRecord] {
        text.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 5)
            guard fields.count == 6, let id = Int(String(decoding: fields[0], as: UTF8.self)) else {
                return nil
            }
            return MountRecord(
                id: id,
                device: String(decoding: fields[2], as: UTF8.self),
                mountpoint: unescape(fields[4])
            )
        }
    }

    /// Undoes `\040` and the like.
    private static func unescape(_ field: ArraySlice<UInt8>) -> [UInt8] {
        var result = [UInt8]()
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            guard byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            else {
                result.append(byte)
                continue
            }
            result.append(value)
            rest.removeFirst(3)
        }
        return result
    }

    private static func readAll(_ path: FilePath) throws(Errno) -> [UInt8] {
        var bytes = [UInt8]()
        do {
            let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
            defer { try? file.close() }
            var chunk = [UInt8](repeating: 0, count: 65536)
            while true {
                // SAFETY: the array's storage is ours during the closure; the read knows its size.
                let count = try unsafe chunk.withUnsafeMutableBytes {
                    try unsafe file.read(into: $0)
                }
                if count == 0 { return bytes }
                bytes += chunk.prefix(count)
            }
        } catch {
            throw error as? Errno ?? .ioError
        }
    }
}
