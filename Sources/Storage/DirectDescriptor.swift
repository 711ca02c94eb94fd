internal import CLinux
internal import Glibc
internal import Synchronization
internal import SystemPackage

/// The `O_DIRECT` descriptor of a file: opened at the first use, given up for good when the
/// backing file system refuses it.
///
/// Thread safety: any thread.
final class DirectDescriptor: Sendable {
    private static let unopened: Int32 = -1

    // The descriptor once it is open. One that is open stays so until `deinit`, refused or not:
    // another thread may be writing by it.
    private let opened = Atomic<Int32>(unopened)
    private let isRefused = Atomic<Bool>(false)

    deinit {
        let descriptor = opened.load(ordering: .acquiring)
        if descriptor >= 0 { close(descriptor) }
    }

    /// The descriptor; nil if direct writes are refused.
    func value(for file: borrowing OwnedFileDescriptor) -> Int32? {
        if isRefused.load(ordering: .relaxed) { return nil }
        let descriptor = opened.load(ordering: .acquiring)
        if descriptor >= 0 { return descriptor }
        return open(file)
    }

    /// Gives direct writes up, once and for all.
    func refuse() { isRefused.store(true, ordering: .relaxed) }

    private func open(_ file: borrowing OwnedFileDescriptor) -> Int32? {
        // Any failure, also a lack of descriptors, is answered well by the page cache; but only a
        // refusal by the file system is for good.
        let own: Int32
        do throws(Errno) {
            let flags = O_WRONLY | Int32(CLINUX_O_DIRECT)
            own = try SystemCalls.reopen(file.rawValue, flags: flags).release()
        } catch {
            if error == .invalidArgument { refuse() }
            return nil
        }
        let (won, present) = opened.compareExchange(
            expected: Self.unopened,
            desired: own,
            ordering: .acquiringAndReleasing
        )
        if won { return own }
        close(own)
        return present
    }
}
