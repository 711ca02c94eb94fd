internal import CLinux
internal import Glibc
internal import SystemPackage

extension StoreFile {
    /// Makes a change of the contents, and gives the file back what that takes away.
    ///
    /// The kernel takes capabilities from a file that is written, and setuid and setgid unless root
    /// writes, and not the root of a user namespace. For the writes of applications that is due
    /// when they are made. Writeback comes later, and what the file has by then, it was given after
    /// them.
    ///
    /// The caller keeps everybody else from changing these meanwhile.
    func keepingPrivileges<Result>(
        _ change: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let capability = FileCapability(of: descriptor)
        let mode = (try? attributes().permissions) ?? 0
        defer {
            // Where it cannot be set again, the file has less than it should, never more.
            capability?.set(on: descriptor)
            if mode & 0o6000 != 0, (try? attributes().permissions) != mode {
                try? SystemCalls.setMode(mode, of: descriptor)
            }
        }
        return try change()
    }
}

/// The capabilities of a program, as bytes: `security.capability`.
private struct FileCapability {
    /// Wider than the kernel's longest form, which has 20 bytes of sets and 4 of an owner.
    private typealias Bytes = (UInt64, UInt64, UInt64, UInt64)

    private static let name: ExtendedAttributeName = "security.capability"
    private var bytes: Bytes = (0, 0, 0, 0)
    private let count: Int

    /// Nil if the file has none, as nearly all have.
    init?(of descriptor: borrowing OwnedFileDescriptor) {
        let number = descriptor.rawValue
        // SAFETY: the kernel writes no more than the size of `bytes`, and reads a string that lives
        // through the call.
        count = unsafe withUnsafeMutableBytes(of: &bytes) { bytes in
            unsafe Self.name.withCString { name in
                unsafe clinux_fgetxattr(number, name, bytes.baseAddress, bytes.count)
            }
        }
        if count <= 0 { return nil }
    }

    func set(on descriptor: borrowing OwnedFileDescriptor) {
        let number = descriptor.rawValue
        // SAFETY: as in `init`; the kernel reads the first `count` bytes.
        _ = unsafe withUnsafeBytes(of: bytes) { bytes in
            unsafe Self.name.withCString { name in
                unsafe clinux_fsetxattr(number, name, bytes.baseAddress, count, 0)
            }
        }
    }
}
