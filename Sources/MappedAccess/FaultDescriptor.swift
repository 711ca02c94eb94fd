// The descriptor on which the kernel tells of page faults, and the calls that answer them.
//
// This is one of the few files with raw pointers.

internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

/// A page fault that a thread waits in.
struct FaultEvent {
    /// The page's address.
    var address: UInt
    /// Whether it is a store.
    var isWrite: Bool
    /// The thread, in numbers of gettid(2).
    var thread: Int32
}

/// The descriptor on which the kernel tells of page faults in mappings.
///
/// A range may cease to be a mapping at any time: an answer then does nothing.
///
/// Source: userfaultfd(2).
///
/// Thread safety: any thread.
@safe
final class FaultDescriptor: @unchecked Sendable {
    // SAFETY: `zeros` is a page of zeros that nobody writes, live until `deinit`.
    private let zeros: UnsafeMutableRawPointer
    let descriptor: Int32

    /// Opens one.
    ///
    /// Errors: what userfaultfd(2) and its handshake report, where the kernel is too old or
    /// forbids it.
    init() throws(Errno) {
        let descriptor = clinux_userfault_open()
        guard descriptor >= 0 else { throw Errno(rawValue: -descriptor) }
        self.descriptor = descriptor
        let size = Int(pageSize)
        unsafe zeros = .allocate(byteCount: size, alignment: size)
        unsafe zeros.initializeMemory(as: UInt8.self, repeating: 0, count: size)
    }

    deinit {
        close(descriptor)
        unsafe zeros.deallocate()
    }

    /// Tells of faults in `addresses` from now on, where frames of an arena are shown.
    func register(_ addresses: Range<UInt>) throws(Errno) {
        let result = clinux_userfault_register(
            descriptor,
            addresses.lowerBound,
            addresses.count
        )
        guard result >= 0 else { throw Errno(rawValue: -result) }
    }

    /// The next fault; nil if there is none at the moment.
    func next() -> FaultEvent? {
        var address: UInt64 = 0
        var isWrite = false
        var thread: Int32 = 0
        let result = unsafe clinux_userfault_next(descriptor, &address, &isWrite, &thread)
        guard result > 0 else { return nil }
        let page = UInt(address) / UInt(pageSize) * UInt(pageSize)
        return FaultEvent(address: page, isWrite: isWrite, thread: thread)
    }

    /// Lets the page at `address` be read, and written if `isWritable`, and wakes who waits for
    /// it; false if there is no memory for that.
    ///
    /// Its frame has memory.
    func showFrame(at address: UInt, isWritable: Bool) -> Bool {
        var mapped = 0
        let result = unsafe clinux_userfault_continue(
            descriptor,
            address,
            Int(pageSize),
            !isWritable,
            &mapped
        )
        switch -result {
        case EEXIST where isWritable:
            clinux_userfault_protect(descriptor, address, Int(pageSize), false)
        case ENOMEM:
            return false
        case 0:
            break
        default:
            wake(address)
        }
        return true
    }

    /// Lets the page at `address` be read as zeros, and wakes who waits for it; false if there is
    /// no memory for that.
    ///
    /// Its frame holds no page of the VMO: it has no memory, or zeros.
    func showZeros(at address: UInt) -> Bool {
        for _ in 0..<4 {
            let result = unsafe clinux_userfault_copy(
                descriptor,
                address,
                zeros,
                Int(pageSize)
            )
            if result >= 0 { return true }
            if result == -ENOMEM { return false }
            guard result == -EEXIST else { break }
            // Zeros that another mapping shows, or a mark of `poison`.
            var mapped = 0
            let second = unsafe clinux_userfault_continue(
                descriptor,
                address,
                Int(pageSize),
                true,
                &mapped
            )
            if second >= 0 { return true }
            if second == -ENOMEM { return false }
            guard second == -EFAULT else { break }
            hide(address..<(address + UInt(pageSize)))
        }
        wake(address)
        return true
    }

    /// Lets pages that all have memory be read, where they are not shown yet.
    func showFrames(at addresses: Range<UInt>) {
        var start = addresses.lowerBound
        while start < addresses.upperBound {
            var mapped = 0
            let result = unsafe clinux_userfault_continue(
                descriptor,
                start,
                Int(addresses.upperBound - start),
                true,
                &mapped
            )
            start += UInt(mapped)
            if mapped == 0 {
                guard result == -EEXIST else { return }
                start += UInt(pageSize)
            }
        }
    }

    /// Makes stores fault; no store gets through after the return.
    func protect(_ addresses: Range<UInt>) {
        clinux_userfault_protect(descriptor, addresses.lowerBound, addresses.count, true)
    }

    /// Makes loads and stores of pages fault again, whatever they show, here only.
    func hide(_ addresses: Range<UInt>) {
        // SAFETY: what is shown is memory of an arena, which does not lose its bytes by this.
        let start = unsafe UnsafeMutableRawPointer(bitPattern: addresses.lowerBound)
        unsafe madvise(start, addresses.count, MADV_DONTNEED)
    }

    /// Makes accesses to the page at `address` fail, until `hide`, and wakes who waits for it.
    ///
    /// Nobody shows anything there meanwhile.
    func poison(_ address: UInt) {
        hide(address..<(address + UInt(pageSize)))
        clinux_userfault_poison(descriptor, address, Int(pageSize))
        wake(address)
    }

    /// Makes who waits for the page at `address` try again.
    func wake(_ address: UInt) {
        wake(address..<(address + UInt(pageSize)))
    }

    /// Makes who waits for a page in `addresses` try again.
    func wake(_ addresses: Range<UInt>) {
        clinux_userfault_wake(descriptor, addresses.lowerBound, addresses.count)
    }
}
