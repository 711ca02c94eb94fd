public import Support

/// The statuses with which a pager may fail a page request.
private let failureStatuses: Set<Status> = [
    .io, .ioDataIntegrity, .badState, .noSpace, .bufferTooSmall,
]

/// How often OP_DIRTY gets frames for what it counted before it gives up: between the count and
/// the change others may add zero pages, but not again and again.
private let dirtyAttemptsMax = 4

extension HandleTable {
    /// Makes a pager whose VMOs take their frames from the table's arena, and a handle to it.
    ///
    /// Source: `zx_pager_create`.
    ///
    /// - Throws: `invalidArgs` if `options` is not 0.
    public func pagerCreate(options: UInt32) throws(Status) -> Handle {
        guard options == 0 else { throw .invalidArgs }
        return insert(Pager(arena: arena), rights: .pagerDefault)
    }

    /// Makes a VMO whose pages `source` supplies, and a handle to it.
    ///
    /// Takes `ZX_VMO_RESIZABLE` and `ZX_VMO_TRAP_DIRTY`; `ZX_VMO_UNBOUNDED` is not offered to
    /// sources in this process.
    ///
    /// Source: `zx_pager_create_vmo`.
    ///
    /// - Throws: the pager handle's status (right `attachVMO`), `outOfRange` for a size above the
    ///   maximum, `invalidArgs` for another option.
    public func pagerCreateVMO(
        _ pager: Handle,
        options: UInt32,
        source: any PageSource,
        size: UInt64
    ) throws(Status) -> Handle {
        let pager = try object(pager, Pager.self, rights: .attachVMO)
        let options = VMOOptions(rawValue: options)
        if options.isSuperset(of: [.resizable, .unbounded]) { throw .invalidArgs }
        let vmo = try pager.createVMO(size: size, options: options, source: source)
        return insertRoot(.paged(vmo))
    }

    /// Makes a VMO whose page requests become packets with `key` on `port`, and a handle to it.
    ///
    /// `size` is in bytes and rounded up to pages; as given it becomes the stream size. The options
    /// are `ZX_VMO_RESIZABLE`, `ZX_VMO_TRAP_DIRTY` and `ZX_VMO_UNBOUNDED`.
    ///
    /// Source: `zx_pager_create_vmo`.
    ///
    /// - Throws: the pager handle's status (right `attachVMO`), the port handle's (right `write`),
    ///   `badState` if the pager is closed at this moment, `invalidArgs` for `resizable` with
    ///   `unbounded`, `outOfRange` for a size above the maximum, `invalidArgs` for another option.
    public func pagerCreateVMO(
        _ pager: Handle,
        options: UInt32,
        port: Handle,
        key: UInt64,
        size: UInt64
    ) throws(Status) -> Handle {
        let pager = try object(pager, Pager.self, rights: .attachVMO)
        let port = try object(port, Port.self, rights: .write)
        let options = VMOOptions(rawValue: options)
        let vmo = try pager.createVMO(size: size, options: options, port: port, key: key)
        return insertRoot(.paged(vmo))
    }

    /// Parts a VMO from its pager, as `VirtualMemoryObject.detach` does.
    ///
    /// Source: `zx_pager_detach_vmo`.
    ///
    /// - Throws: the pager handle's status (rights `attachVMO` and `manageVMO`), the VMO handle's
    ///   (right `write`), `invalidArgs` for a VMO of another pager.
    public func pagerDetachVMO(_ pager: Handle, _ vmo: Handle) throws(Status) {
        _ = try object(pager, Pager.self, rights: [.attachVMO, .manageVMO])
        try managedVMO(pager, vmo, rights: .write).detach()
    }

    /// Moves pages of an auxiliary VMO into the Empty slots of `vmo`; what is in any other slot
    /// stays, and the page meant for it is freed.
    ///
    /// Pages of the auxiliary VMO that were never written become Markers. Its range then reads as
    /// zeros, also if the call fails after that. All values are in bytes.
    ///
    /// Source: `zx_pager_supply_pages`.
    ///
    /// - Throws: `invalidArgs` for a value that is not a multiple of the page size, before any
    ///   handle is looked at; the pager handle's status (right `manageVMO`), the VMO handle's
    ///   (right `write`), `invalidArgs` for a VMO of another pager, the auxiliary handle's (rights
    ///   `read` and `write`), `outOfRange` of the auxiliary VMO, `notSupported` if that has a pager
    ///   itself, `badState` if a page of it is pinned; then `outOfRange` and `badState` (detached)
    ///   of `vmo`.
    public func pagerSupplyPages(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        auxVMO: Handle,
        auxOffset: UInt64
    ) throws(Status) {
        guard [offset, length, auxOffset].allSatisfy({ $0 % pageSize == 0 }) else {
            throw .invalidArgs
        }
        let vmo = try managedVMO(pager, vmo, rights: .write)
        let aux = try object(auxVMO, VMODispatcher.self, rights: [.read, .write])
        // Nothing to move: the sizes are not even looked at.
        guard length > 0 else { return }
        let taken = try aux.bytes(auxOffset, length)
        guard case .untracked(let memory) = aux.content else { throw .notSupported }
        let runs = try memory.takePages(taken.pagesRoundedOutward)
        try vmo.supply(runs, at: offset / pageSize)
    }

    /// Supplies frames for Empty slots of `vmo`, as `VirtualMemoryObject.supply` does.
    ///
    /// Source: `zx_pager_supply_pages`, with frames in place of an auxiliary VMO.
    ///
    /// - Throws: `invalidArgs` for a misaligned range, before any handle is looked at; the pager
    ///   handle's status (right `manageVMO`), the VMO handle's (right `write`), `invalidArgs` for
    ///   a VMO of another pager, `outOfRange`, `badState`.
    public func pagerSupplyPages(
        _ pager: Handle,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        frames: consuming FrameBatch
    ) throws(Status) {
        guard offset % pageSize == 0, length % pageSize == 0 else { throw .invalidArgs }
        let vmo = try managedVMO(pager, vmo, rights: .write)
        try vmo.supply(try pages(offset, length, in: vmo), from: frames)
    }

    /// Fails page requests, makes pages dirty, begins or ends a writeback.
    ///
    /// Source: `zx_pager_op_range`.
    ///
    /// - Throws: `invalidArgs` for a misaligned range, before any handle is looked at; the pager
    ///   handle's status (right `manageVMO`), the VMO handle's (right `write`), `invalidArgs` for
    ///   a VMO of another pager, then by operation what ZIRCON.md 2.3 lists; `notSupported` for an
    ///   unknown one.
    public func pagerOpRange(
        _ pager: Handle,
        _ operation: UInt32,
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        data: UInt64
    ) throws(Status) {
        guard offset % pageSize == 0, length % pageSize == 0 else { throw .invalidArgs }
        let vmo = try managedVMO(pager, vmo, rights: .write)
        switch PagerOperation(rawValue: operation) {
        case .fail:
            guard let code = Int32(exactly: Int64(bitPattern: data)), code < 0,
                failureStatuses.contains(Status(rawValue: code))
            else { throw .invalidArgs }
            let pages = try pages(offset, length, in: vmo)
            try vmo.failRequests(pages, status: Status(rawValue: code))
        case .dirty:
            guard data == 0 else { throw .invalidArgs }
            guard let bytes = ByteRange(offset: offset, length: length) else { throw .outOfRange }
            guard vmo.options.contains(.trapDirty) else { throw .notSupported }
            // Whether the range lies in the VMO is checked where waiters are woken if it does not.
            try dirty(bytes.pagesRoundedOutward, of: vmo)
        case .writebackBegin:
            guard data == 0 || data == DirtyRange.isZero else { throw .invalidArgs }
            let pages = try pages(offset, length, in: vmo)
            try vmo.beginWriteback(pages, isZero: data == DirtyRange.isZero)
        case .writebackEnd:
            guard data == 0 else { throw .invalidArgs }
            try vmo.endWriteback(try pages(offset, length, in: vmo))
        case nil:
            throw .notSupported
        }
    }

    /// Whether `vmo` was modified since this was last reset: 0 or 1, as
    /// `zx_pager_vmo_stats_t.modified`.
    ///
    /// Source: `zx_pager_query_vmo_stats`; bit 0 of `options` is `ZX_PAGER_RESET_VMO_STATS`.
    ///
    /// - Throws: the pager handle's status (right `manageVMO`), the VMO handle's (right `read`),
    ///   `invalidArgs` for a VMO of another pager, `bufferTooSmall` for fewer than 4 bytes,
    ///   `invalidArgs` for another option.
    public func pagerQueryVMOStats(
        _ pager: Handle,
        _ vmo: Handle,
        options: UInt32,
        bufferSize: Int
    ) throws(Status) -> UInt32 {
        let vmo = try managedVMO(pager, vmo, rights: .read)
        guard bufferSize >= MemoryLayout<UInt32>.size else { throw .bufferTooSmall }
        guard options & ~1 == 0 else { throw .invalidArgs }
        return vmo.takeModified(reset: options & 1 != 0) ? 1 : 0
    }

    /// The VMO of a handle with `rights`, which the pager of the other handle made.
    ///
    /// - Throws: the handles' statuses, `invalidArgs` for a VMO of another pager or of none, and
    ///   for a child of a VMO, also one that has the same pages.
    func managedVMO(
        _ pager: Handle,
        _ vmo: Handle,
        rights: Rights
    ) throws(Status) -> VirtualMemoryObject {
        let (pager, dispatcher) = try entries.withLock {
            (entries: inout HandleEntries) throws(Status) in
            (
                try entries.objectAndRights(pager, Pager.self, rights: .manageVMO).object,
                try entries.objectAndRights(vmo, VMODispatcher.self, rights: rights).object
            )
        }
        guard dispatcher.origin == .root, case .paged(let vmo) = dispatcher.content,
            vmo.pager === pager
        else { throw .invalidArgs }
        return vmo
    }

    /// The pages of an aligned range, if it lies in the VMO.
    private func pages(
        _ offset: UInt64,
        _ length: UInt64,
        in vmo: VirtualMemoryObject
    ) throws(Status) -> PageRange {
        let size = vmo.size
        guard offset <= size, length <= size - offset else { throw .outOfRange }
        return PageRange(offset / pageSize, (offset + length) / pageSize)
    }

    private func dirty(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
        let pager = vmo.pager
        for _ in 0..<dirtyAttemptsMax {
            let needed = vmo.framesToDirty(pages)
            if pager.arena.freeCount < needed {
                _ = pager.reclaim(needed - pager.arena.freeCount)
            }
            var frames = pager.arena.take(needed)
            guard frames.count == needed else { break }
            do throws(Status) {
                try vmo.opDirty(pages, frames: &frames)
                return
            } catch {
                if error != .noMemory { throw error }
            }
        }
        vmo.wakeDirtyWaiters(in: pages)
        throw .noMemory
    }
}
