public import Support

/// Makes pager-backed VMOs over one frame arena and takes clean pages back from them.
///
/// Thread safety: any thread.
public final class Pager: KernelObject {
    /// The object's identity in this process.
    public let koid = Koid.next()
    /// `ZX_OBJ_TYPE_PAGER`.
    public let objectType = ObjectType.pager
    /// Where the frames of all its VMOs come from.
    public let arena: FrameArena
    /// What its VMOs hold and have done.
    public let statistics = PagerStatistics()

    private let vmos = Guarded(WeakVMOList(), rank: .pager)
    /// What its VMOs send, or have left in ports.
    private let queues = Guarded(WeakList<PageRequestQueue>(), rank: .pager)
    /// 1 once the last handle is closed.
    private let isClosed = Counter()

    /// Makes a pager whose VMOs take their frames from `arena`.
    public init(arena: FrameArena) {
        self.arena = arena
    }

    /// Makes a VMO of `size` bytes, rounded up to pages, all of them absent, which `source`
    /// supplies.
    ///
    /// Source: `zx_pager_create_vmo`.
    ///
    /// - Throws: `outOfRange` above `VirtualMemoryObject.sizeMax`, `invalidArgs` for an unknown
    ///   option, `badState` if the pager's handles are closed.
    public func createVMO(
        size: UInt64,
        options: VMOOptions,
        source: any PageSource
    ) throws(Status) -> VirtualMemoryObject {
        guard size <= VirtualMemoryObject.sizeMax else { throw .outOfRange }
        guard options.subtracting([.resizable, .trapDirty]).isEmpty else { throw .invalidArgs }
        return try makeVMO(size: size, options: options, .source(source))
    }

    /// Makes a VMO of `size` bytes, rounded up to pages, all of them absent, whose page requests
    /// are packets with `key` on `port`.
    ///
    /// With `unbounded` the VMO is as large as a VMO can be, and beyond `size` it is zeros.
    ///
    /// Source: `zx_pager_create_vmo`.
    ///
    /// - Throws: `badState` if the pager's handles are closed, `invalidArgs` for `resizable` with
    ///   `unbounded`, `outOfRange` above `VirtualMemoryObject.sizeMax`, `invalidArgs` for another
    ///   option.
    public func createVMO(
        size: UInt64,
        options: VMOOptions,
        port: Port,
        key: UInt64
    ) throws(Status) -> VirtualMemoryObject {
        if isClosed.value != 0 { throw .badState }
        if options.isSuperset(of: [.resizable, .unbounded]) { throw .invalidArgs }
        guard size <= VirtualMemoryObject.sizeMax else { throw .outOfRange }
        guard options.subtracting([.resizable, .trapDirty, .unbounded]).isEmpty else {
            throw .invalidArgs
        }
        let queue = PageRequestQueue(port: port, key: key)
        queues.withLock { queues in queues.add(queue) }
        return try makeVMO(size: size, options: options, .port(queue))
    }

    private func makeVMO(
        size: UInt64,
        options: VMOOptions,
        _ provider: PageProvider
    ) throws(Status) -> VirtualMemoryObject {
        let sizeMax = VirtualMemoryObject.sizeMax
        let registration = vmos.withLock { vmos in vmos.reserve() }
        let vmo = VirtualMemoryObject(
            sizePages: pageCount(coveringBytes: options.contains(.unbounded) ? sizeMax : size),
            streamSize: size,
            options: options,
            provider: provider,
            pager: self,
            registration: registration
        )
        vmos.withLock { vmos in vmos.set(registration, vmo) }
        if isClosed.value != 0 {
            vmo.pagerClosed()
            throw .badState
        }
        return vmo
    }

    /// Leaves every VMO without a pager: what is absent there can no longer be had, and no packet
    /// is sent any more.
    public func lastHandleClosed() {
        isClosed.set(1)
        let all = vmos.withLock { vmos in vmos.all }
        for vmo in all { vmo.pagerClosed() }
        // A VMO that is gone may have left a COMPLETE that nobody has read.
        for queue in queues.withLock({ queues in queues.all }) { queue.close() }
    }

    /// Evicts about `frames` Clean pages, second chance, in turn from all VMOs; returns how many
    /// frames were freed.
    public func reclaim(_ frames: Int) -> Int {
        var freed = 0
        // The first round finds what was not used since the last call and takes the references of
        // the rest away; the second finds those.
        for _ in 0..<2 {
            var remaining = vmos.withLock { vmos in vmos.slotCount }
            while freed < frames, remaining > 0 {
                // Held until the lock is free again: the last reference to a VMO may be ours, and
                // its end takes the lock.
                var some: [VirtualMemoryObject] = []
                remaining -= vmos.withLock { vmos in vmos.next(64, into: &some) }
                for vmo in some where freed < frames {
                    freed += vmo.evictPass(frames - freed)
                }
            }
        }
        return freed
    }

    func unregister(_ registration: Int) {
        vmos.withLock { vmos in vmos.remove(registration) }
    }
}
