internal import CFuse3
internal import CLinux
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

// ioctl(2): what file systems of Linux's own have, flags of files, and those with a journal,
// FS_IOC_SHUTDOWN.

func addIoctlOperations(to operations: inout fuse_lowlevel_ops) {
    unsafe operations.ioctl = fuseIoctl
}

private func fuseIoctl(
    _ request: fuse_req_t?,
    _ node: fuse_ino_t,
    _ command: UInt32,
    _ argument: UnsafeMutableRawPointer?,
    _ file: UnsafeMutablePointer<fuse_file_info>?,
    _ flags: UInt32,
    _ input: UnsafeRawPointer?,
    _ inputSize: Int,
    _ outputSize: Int
) {
    unsafe answer(request) { (fileSystem) throws(Errno) in
        let caller = unsafe Caller(of: request)
        let node = NodeID(rawValue: node)
        func flags(_ form: FileFlags.Form) throws(Errno) -> FuseAnswer {
            guard outputSize >= form.byteCount else { throw .invalidArgument }
            return .ioctlDone(try fileSystem.fileFlags(of: node, form).bytes)
        }
        func setFlags(_ form: FileFlags.Form) throws(Errno) -> FuseAnswer {
            // SAFETY: libfuse passes `inputSize` bytes that live during the call.
            let bytes = unsafe UnsafeRawBufferPointer(start: input, count: inputSize)
            guard let flags = unsafe FileFlags(form, bytes) else { throw .invalidArgument }
            try fileSystem.setFileFlags(flags, of: node, caller: caller)
            return .ioctlDone()
        }
        switch command {
        case CLINUX_FS_IOC_GETFLAGS: return try flags(.word)
        case CLINUX_FS_IOC_SETFLAGS: return try setFlags(.word)
        case CLINUX_FS_IOC_FSGETXATTR: return try flags(.extended)
        case CLINUX_FS_IOC_FSSETXATTR: return try setFlags(.extended)
        case Shutdown.command:
            let reason = unsafe try word(at: argument, of: caller)
            try shutDown(fileSystem, reason, caller)
            return .ioctlDone()
        default: throw .inappropriateIOCTLForDevice
        }
    }
}

private func shutDown(
    _ fileSystem: PagedFileSystem,
    _ reason: UInt32,
    _ caller: Caller
) throws(Errno) {
    guard caller.uid == 0 || caller.uid == geteuid() else { throw .notPermitted }
    guard let shutdown = Shutdown(rawValue: reason) else { throw .invalidArgument }
    if shutdown == .afterFlush { try fileSystem.writeBackAll() }
    fileSystem.shutDown()
}

/// The argument of FS_IOC_SHUTDOWN.
private enum Shutdown: UInt32 {
    /// `_IOR('X', 125, uint32_t)`, as XFS, ext4 and others have it.
    static let command: UInt32 = 2 << 30 | 4 << 16 | 0x58 << 8 | 125

    /// What is dirty is written first.
    case afterFlush = 0
    /// What is dirty is lost; names and attributes, our only log, are kept.
    case afterLogFlush = 1
    /// What is dirty is lost.
    case atOnce = 2
}

/// The word at an address of the caller's: the number of the ioctl says, against the facts, that
/// its argument is only written, and so the kernel does not hand it over.
private func word(
    at address: UnsafeMutableRawPointer?,
    of caller: Caller
) throws(Errno) -> UInt32 {
    var word: UInt32 = 0
    let size = MemoryLayout<UInt32>.size
    let count = unsafe withUnsafeMutablePointer(to: &word) { word in
        let process = Int32(bitPattern: caller.pid)
        // SAFETY: `word` lives through the call; the address is used in the caller's process alone.
        return unsafe clinux_copy_in_from(process, word, UInt(bitPattern: address), size)
    }
    guard count == size else { throw count < 0 ? .notPermitted : .badAddress }
    return word
}
