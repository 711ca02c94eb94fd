import Foundation

/// An open file that is closed by `close()`, whose time therefore counts where it is called.
struct OpenFile: ~Copyable {
    private let descriptor: Int32
    private let path: String
    private var isOpen = true

    /// Opens or creates a file.
    ///
    /// Source: open(2).
    init(_ path: String, _ flags: Int32) throws {
        descriptor = unsafe open(path, flags | O_CLOEXEC, 0o644)
        self.path = path
        if descriptor < 0 { throw SystemCallError("open", path) }
    }

    /// Writes all of `bytes` at an offset in bytes.
    func write(_ bytes: [UInt8], at offset: Int) throws {
        // SAFETY: the buffer is the array's own storage, live for the call, and count is its size.
        let written = unsafe bytes.withUnsafeBytes {
            unsafe pwrite(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        if written != bytes.count { throw SystemCallError("pwrite", path) }
    }

    /// Fills `bytes` from an offset in bytes; the file must reach that far.
    func read(into bytes: inout [UInt8], at offset: Int) throws {
        // SAFETY: as in `write`, and exclusively ours while it is inout.
        let count = unsafe bytes.withUnsafeMutableBytes {
            unsafe pread(descriptor, $0.baseAddress, $0.count, off_t(offset))
        }
        if count != bytes.count { throw SystemCallError("pread", path) }
    }

    /// Makes what was written durable.
    ///
    /// Source: fsync(2).
    func sync() throws {
        if fsync(descriptor) != 0 { throw SystemCallError("fsync", path) }
    }

    /// Closes the file; on a FUSE file system that is where writeback errors surface.
    consuming func close() throws {
        isOpen = false
        if Foundation.close(descriptor) != 0 { throw SystemCallError("close", path) }
    }

    deinit {
        if isOpen { _ = Foundation.close(descriptor) }
    }
}
