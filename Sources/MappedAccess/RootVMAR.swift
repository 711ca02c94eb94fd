internal import Glibc
public import Support
internal import SystemPackage
public import VMCore

/// The address region of a process: where VMOs are mapped.
///
/// Ordinary loads and stores in a mapping are accesses to the VMO: they ask the pager for pages
/// that are not there, and make pages Dirty. A thread whose access fails gets SIGBUS with the
/// status in `si_errno` and the address in `si_addr` (`si_code` is SI_QUEUE); the process dies of
/// it, as in Zircon of a fatal page fault, unless a handler returns, which makes the access again.
/// An access that the kernel makes for the program, as read(2) into a mapping, fails with EFAULT.
/// An access where nothing is mapped, or which the mapping does not allow, is Linux's own affair:
/// SIGSEGV.
///
/// Mappings are not inherited by fork(2). Signal handlers may touch a mapping only if they do not
/// interrupt a call of this library. Nothing else may unmap or change mappings.
///
/// Thread safety: any thread.
public final class RootVMAR: KernelObject {
    /// Addresses that a region has if the process may: as many as the largest arena.
    private static let lengthMax = 1 << 44

    /// The object's identity in this process.
    public let koid = Koid.next()
    /// `ZX_OBJ_TYPE_VMAR`.
    public let objectType = ObjectType.vmar
    /// The arena of the VMOs that can be mapped.
    public let arena: FrameArena

    let space: AddressSpace
    private let isSupported: Bool

    /// Makes a region without mappings, for VMOs that take their frames from `arena`.
    ///
    /// It takes addresses, and no memory or thread before the first mapping.
    ///
    /// - Throws: `noMemory` without addresses.
    public convenience init(arena: FrameArena) throws(Status) {
        try self.init(arena: arena, isSupported: true)
    }

    /// With `isSupported` false it is as on a kernel that forbids what mappings need.
    ///
    /// It takes `length` bytes of addresses, or fewer where there are not so many.
    init(
        arena: FrameArena,
        length: Int = RootVMAR.lengthMax,
        isSupported: Bool = true
    ) throws(Status) {
        self.arena = arena
        self.isSupported = isSupported
        do throws(Errno) {
            space = try AddressSpace(length: length)
        } catch {
            throw .noMemory
        }
    }

    deinit {
        try? unmap(space.bounds)
        space.state.withLock { state in state.service.take() }?.end()
    }

    /// The first address.
    ///
    /// Source: `ZX_INFO_VMAR`, as the length.
    public var base: UInt { space.bounds.lowerBound }
    /// The number of addresses, in bytes.
    public var length: UInt { UInt(space.bounds.count) }

    /// The service that answers page faults, made when it is first needed.
    ///
    /// - Throws: `notSupported` where the kernel forbids it, `noMemory` without a thread for it.
    func service(_ state: inout AddressSpace.State) throws(Status) -> FaultService {
        if let service = state.service { return service }
        guard isSupported else { throw .notSupported }
        let service: FaultService
        do throws(Errno) {
            service = try FaultService { [space] address in
                space.state.withLock { state in state.regions.region(at: address)?.view }
            }
        } catch {
            throw .notSupported
        }
        try service.start()
        state.service = service
        return service
    }
}

extension Rights {
    /// The rights of a process to its root VMAR: `ZX_DEFAULT_VMAR_RIGHTS`, and every permission.
    public static let rootVMARDefault: Rights = [
        .duplicate, .transfer, .inspect, .opChildren, .read, .write, .execute,
    ]
}
