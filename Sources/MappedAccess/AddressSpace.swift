// The addresses that mappings are put at.
//
// This is one of the few files with raw pointers.

internal import Glibc
internal import Support
internal import SystemPackage
internal import VMCore

/// A range of addresses of the process that nothing else uses, and what is mapped there.
///
/// Where nothing is mapped, accesses fail, and no other memory of the process ever comes to lie.
///
/// Thread safety: any thread. Lock: `LockRank.addressSpace`.
@safe
final class AddressSpace: Sendable {
    struct State {
        var regions: RegionMap
        var service: FaultService?
    }

    let bounds: Range<UInt>
    let state: Guarded<State>

    /// Reserves addresses: `length` bytes, or as many as the process may have.
    ///
    /// Errors: what mmap(2) reports for a single page.
    init(length: Int) throws(Errno) {
        var length = length
        var start = unsafe Self.reserve(nil, length)
        while unsafe start == nil, length > Int(pageSize) {
            length /= 2
            unsafe start = Self.reserve(nil, length)
        }
        guard let start = unsafe start else { throw Errno(rawValue: errno) }
        let address = UInt(bitPattern: start)
        bounds = address..<(address + UInt(length))
        state = Guarded(State(regions: RegionMap(bounds: bounds)), rank: .addressSpace)
    }

    deinit {
        // SAFETY: the range was reserved by `init`, and nobody has a mapping in it any more.
        unsafe munmap(UnsafeMutableRawPointer(bitPattern: bounds.lowerBound), bounds.count)
    }

    /// Makes accesses to a range of the space fail, in place of what is mapped there.
    static func clear(_ addresses: Range<UInt>) throws(Status) {
        // SAFETY: the caller's range lies in a space that `init` reserved.
        let start = unsafe UnsafeMutableRawPointer(bitPattern: addresses.lowerBound)
        if unsafe reserve(start, addresses.count) == nil { throw .noMemory }
    }

    /// Changes what may be done to the memory in a range of the space.
    static func protect(_ addresses: Range<UInt>, _ protection: Int32) throws(Status) {
        // SAFETY: the caller's range lies in a space that `init` reserved.
        let start = unsafe UnsafeMutableRawPointer(bitPattern: addresses.lowerBound)
        if unsafe mprotect(start, addresses.count, protection) != 0 { throw .noMemory }
    }

    private static func reserve(
        _ start: UnsafeMutableRawPointer?,
        _ length: Int
    ) -> UnsafeMutableRawPointer? {
        let fixed = unsafe start == nil ? 0 : MAP_FIXED
        let mapping = unsafe mmap(
            start,
            length,
            PROT_NONE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | fixed,
            -1,
            0
        )
        return unsafe mapping == MAP_FAILED ? nil : mapping
    }
}
