internal import CLinux
internal import SystemPackage

/// Standard error turned into a buffer, for the programs and library calls that print there.
///
/// Process-wide, so for the time before threads exist. Where it cannot be set up the lines go to
/// the real standard error.
struct StandardErrorCapture: ~Copyable {
    private let saved: FileDescriptor?
    private let buffer: FileDescriptor?

    init() {
        buffer = Self.makeBuffer()
        guard let buffer, let saved = try? FileDescriptor.standardError.duplicate() else {
            self.saved = nil
            return
        }
        self.saved = saved
        _ = try? buffer.duplicate(as: .standardError)
    }

    /// Makes standard error what it was and gives the lines printed meanwhile.
    consuming func finish() -> [String] {
        if let saved {
            _ = try? saved.duplicate(as: .standardError)
            try? saved.close()
        }
        guard let buffer else { return [] }
        defer { try? buffer.close() }
        return Self.lines(of: buffer)
    }

    /// A memory file that programs may print into; nil where there is none.
    static func makeBuffer() -> FileDescriptor? {
        let closeOnExec: UInt32 = 1  // MFD_CLOEXEC, which the Glibc module does not show
        // SAFETY: the literal is NUL-terminated and read during the call only.
        let descriptor = unsafe clinux_memfd_create("stderr", closeOnExec)
        return descriptor < 0 ? nil : FileDescriptor(rawValue: descriptor)
    }

    /// What has been printed into `buffer`, by lines; 64 KiB at most.
    static func lines(of buffer: FileDescriptor) -> [String] {
        var bytes = [UInt8](repeating: 0, count: 65536)
        // SAFETY: the array's storage is ours during the closure, and the read knows its size.
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe (try? buffer.read(fromAbsoluteOffset: 0, into: $0)) ?? 0
        }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
            .split(separator: "\n").map(String.init)
    }
}
