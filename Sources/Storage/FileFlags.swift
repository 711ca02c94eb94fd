internal import CLinux

/// What lsattr(1) shows of a file or directory and chattr(1) sets.
///
/// Source: ioctl_iflags(2), ioctl_xfs_fsgetxattr(2).
public struct FileFlags: Sendable, Equatable {
    /// The two forms in which Linux has them.
    public enum Form: Sendable {
        /// A word: FS_IOC_GETFLAGS and FS_IOC_SETFLAGS.
        case word
        /// `struct fsxattr`, which begins with a word of its own: FS_IOC_FSGETXATTR and
        /// FS_IOC_FSSETXATTR.
        case extended

        /// Bytes of the form.
        public var byteCount: Int { self == .word ? 4 : 28 }
    }

    /// The form of `bytes`.
    public let form: Form
    /// As the call takes or gives them, `form.byteCount` of them.
    public let bytes: [UInt8]

    /// Takes the first of these bytes; nil if they are too few.
    public init?(_ form: Form, _ bytes: some Collection<UInt8>) {
        guard bytes.count >= form.byteCount else { return nil }
        self.form = form
        self.bytes = Array(bytes.prefix(form.byteCount))
    }

    /// Whether nothing of the file may be changed.
    public var isImmutable: Bool {
        has(form == .word ? CLINUX_FS_IMMUTABLE_FL : CLINUX_FS_XFLAG_IMMUTABLE)
    }

    /// Whether writes may only append.
    public var isAppendOnly: Bool {
        has(form == .word ? CLINUX_FS_APPEND_FL : CLINUX_FS_XFLAG_APPEND)
    }

    /// Both forms begin with a little-endian word, and these flags are in its lowest byte.
    private func has(_ flag: Int) -> Bool { Int(bytes[0]) & flag != 0 }
}
