internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The `O_DIRECT` descriptor of a file: opened at the first use, given up for good when the
/// backing file system refuses it.
///
/// Thread safety: any thread.
struct DirectDescriptor: ~Copyable, Sendable {
    /// The descriptor once it is open, which it stays: another thread may be using it.
    final class Opened: Sendable {
        let descriptor: OwnedFileDescriptor

        init(_ descriptor: consuming OwnedFileDescriptor) {
            self.descriptor = descriptor
        }
    }

    private let opened = AtomicLazyReference<Opened>()
    private let isRefused = Atomic<Bool>(false)

    /// The descriptor for the file that is open as `file`; nil if direct writes are refused.
    func value(for file: borrowing OwnedFileDescriptor) -> Opened? {
        if isRefused.load(ordering: .relaxed) { return nil }
        if let opened = opened.load() { return opened }
        do throws(Errno) {
            let flags = O_WRONLY | Int32(CLINUX_O_DIRECT)
            return opened.storeIfNil(Opened(try SystemCalls.reopen(file, flags: flags)))
        } catch {
            // Any failure, also a lack of descriptors, is answered well by the page cache; but
            // only a refusal by the file system is for good.
            if error == .invalidArgument { refuse() }
            return nil
        }
    }

    /// Gives direct writes up, once and for all.
    func refuse() { isRefused.store(true, ordering: .relaxed) }
}
