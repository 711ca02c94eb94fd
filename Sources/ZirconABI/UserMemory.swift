// Where addresses that callers gave are read and written.
//
// This is one of the few files with raw pointers.

internal import CLinux
internal import CZircon
internal import Glibc
internal import Support
internal import Synchronization

/// The memory of whoever calls: any address, with or without memory behind it.
///
/// Bytes are copied by the kernel, with process_vm_readv(2) and process_vm_writev(2) on this very
/// process, so that a bad address is a short copy and not a fault. A copy may block: the memory may
/// be a mapped VMO whose pager has to supply it. So no lock may be held.
///
/// Where the kernel forbids these calls (some sandboxes do), bytes are copied directly; then only a
/// null pointer is found out, and another bad address is a fault as in any C function.
///
/// Thread safety: any thread.
enum UserMemory {
    // SAFETY: the buffers are ours, as long as they say; the addresses of others are handed to the
    // kernel as numbers, or used as C code would use them where it forbids that.

    /// Whether the kernel has refused to copy.
    private static let isRefused = Atomic(false)

    /// Fills `target` from the caller's `source`; returns how many bytes were there.
    static func copyIn(
        _ target: UnsafeMutableRawBufferPointer,
        from source: UnsafeRawPointer?
    ) -> Int {
        guard let ours = target.baseAddress, let source = unsafe source else { return 0 }
        if !isRefused.load(ordering: .relaxed) {
            let count = unsafe clinux_copy_in(ours, UInt(bitPattern: source), target.count)
            if count >= 0 { return Int(count) }
            isRefused.store(true, ordering: .relaxed)
        }
        unsafe ours.copyMemory(from: source, byteCount: target.count)
        return target.count
    }

    /// Copies `source` to the caller's `target`; returns for how many bytes there was room.
    static func copyOut(
        _ source: UnsafeRawBufferPointer,
        to target: UnsafeMutableRawPointer?
    ) -> Int {
        guard let ours = source.baseAddress, let target = unsafe target else { return 0 }
        if !isRefused.load(ordering: .relaxed) {
            let count = unsafe clinux_copy_out(UInt(bitPattern: target), ours, source.count)
            if count >= 0 { return Int(count) }
            isRefused.store(true, ordering: .relaxed)
        }
        unsafe target.copyMemory(from: ours, byteCount: source.count)
        return source.count
    }

    /// Fills `array` from the caller's memory at `source`.
    ///
    /// - Throws: `invalidArgs` if it is not all there.
    static func load<Element: BitwiseCopyable>(
        _ array: inout [Element],
        from source: UnsafeRawPointer?
    ) throws(Status) {
        let isThere = unsafe array.withUnsafeMutableBytes { bytes in
            unsafe copyIn(bytes, from: source) == bytes.count
        }
        if !isThere { throw .invalidArgs }
    }

    /// Reads the caller's value at `source`.
    ///
    /// - Throws: `invalidArgs` if it is not all there.
    static func load<Value: BitwiseCopyable>(
        _ initial: Value,
        from source: UnsafeRawPointer?
    ) throws(Status) -> Value {
        var value = initial
        let isThere = unsafe withUnsafeMutableBytes(of: &value) { bytes in
            unsafe copyIn(bytes, from: source) == bytes.count
        }
        if !isThere { throw .invalidArgs }
        return value
    }

    /// Writes a value of which the caller has the place.
    ///
    /// - Throws: `invalidArgs` if it cannot be written; a part of it may have been.
    static func store<Value: BitwiseCopyable>(
        _ value: Value,
        to target: UnsafeMutableRawPointer?
    ) throws(Status) {
        let isThere = unsafe withUnsafeBytes(of: value) { bytes in
            unsafe copyOut(bytes, to: target) == bytes.count
        }
        if !isThere { throw .invalidArgs }
    }

    /// Writes an array to the caller's memory at `target`.
    ///
    /// - Throws: `invalidArgs` if there is no room for all of it; a part may have been written.
    static func store<Element: BitwiseCopyable>(
        _ array: [Element],
        to target: UnsafeMutableRawPointer?
    ) throws(Status) {
        let isThere = unsafe array.withUnsafeBytes { bytes in
            unsafe copyOut(bytes, to: target) == bytes.count
        }
        if !isThere { throw .invalidArgs }
    }

    /// Writes a value if the caller wants it: nothing is done for a null pointer.
    ///
    /// - Throws: `invalidArgs` if it cannot be written.
    static func storeIfWanted<Value: BitwiseCopyable>(
        _ value: Value,
        to target: UnsafeMutableRawPointer?
    ) throws(Status) {
        if unsafe target != nil { unsafe try store(value, to: target) }
    }
}
