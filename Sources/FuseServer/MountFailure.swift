public import SystemPackage

/// Why a mount or an unmount did not happen, in words for the person who asked for it.
public struct MountFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// What went wrong.
    public let reason: String
    /// What to do about it; nil where the reason says it.
    public let remedy: String?

    /// The errno behind it, where there is one.
    public let errno: Errno?

    init(reason: String, remedy: String? = nil, errno: Errno? = nil) {
        self.reason = reason
        self.remedy = remedy
        self.errno = errno
    }

    /// `REASON (REMEDY)`.
    public var description: String {
        guard let remedy else { return reason }
        return "\(reason) (\(remedy))"
    }

    /// Makes one reason out of the lines that libfuse and fusermount3 printed; the last one that
    /// says something is the cause, and theirs alone carry a prefix of the program's name.
    init(lines: [String], fallback: String) {
        let prefixes = ["fuse: ", "fusermount3: ", "mount: ", "error: "]
        var reason = lines.last { !$0.isEmpty } ?? fallback
        for prefix in prefixes where reason.hasPrefix(prefix) {
            reason.removeFirst(prefix.count)
        }
        self.init(reason: reason, remedy: Self.remedy(for: reason))
    }

    private static func remedy(for reason: String) -> String? {
        if reason.contains("device not found") || reason.contains("/dev/fuse: No such") {
            return "load the fuse module, or pass /dev/fuse into the container"
        }
        if reason.contains("endpoint is not connected") {
            return "a dead mount is in the way; take it away with fusermount3 -u"
        }
        if reason.contains("exec fusermount3") || reason.contains("fusermount3: No such") {
            return "install the package fuse3, or mount as root"
        }
        if reason.contains("not permitted") {
            return "mount as root, or allow this user to use /dev/fuse and fusermount3"
        }
        return nil
    }
}
