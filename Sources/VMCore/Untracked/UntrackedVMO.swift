public import Support

/// A VMO without dirty tracking: memory of its own (`zx_vmo_create`), or a copy-on-write clone.
///
/// A page is the VMO's own, with a frame; or it shows the parent, if there is one and its limit
/// allows; or it is zeros. A page of the parent becomes the clone's own, as a copy, when it is
/// first written or otherwise needed as a page. The parent is read with no lock of the clone held,
/// so what was read counts only if the clone still has no page of its own then.
///
/// The parent is always one of a chain with a pager-backed VMO at its root: the clone of a VMO that
/// has no such root is a VMO of its own, with copies of the pages that exist.
///
/// Thread safety: any thread. Each call takes the VMO's lock; none holds it while it copies more
/// than `BounceBuffer.byteCountMax` (except for a snapshot) or while a source works.
public final class UntrackedVMO: Sendable {
    /// The largest size in bytes.
    public static let sizeMax = VirtualMemoryObject.sizeMax

    /// Whether `setSize` is allowed.
    public let isResizable: Bool
    /// Whether it is a clone in a tree whose root is pager-backed.
    public let isPagerBacked: Bool
    /// Where its frames come from.
    public let arena: FrameArena

    let state: Guarded<UntrackedState>

    /// Makes a VMO of zeros of `size` bytes, which are rounded up to pages; all of them are
    /// content.
    ///
    /// Source: `zx_vmo_create`.
    ///
    /// - Throws: `outOfRange` above `sizeMax`.
    public convenience init(
        size: UInt64,
        isResizable: Bool,
        arena: FrameArena
    ) throws(Status) {
        guard size <= Self.sizeMax else { throw .outOfRange }
        self.init(
            sizePages: pageCount(coveringBytes: size),
            streamSize: size,
            isResizable: isResizable,
            arena: arena,
            parent: nil
        )
    }

    init(
        sizePages: UInt64,
        streamSize: UInt64,
        isResizable: Bool,
        arena: FrameArena,
        parent: ParentLink?
    ) {
        self.isResizable = isResizable
        self.isPagerBacked = parent != nil
        self.arena = arena
        state = Guarded(
            UntrackedState(
                arena: arena,
                sizePages: sizePages,
                streamSize: streamSize,
                parent: parent
            ),
            rank: .vmo
        )
    }

    deinit {
        let placement = mutate { state in
            state.dropEverything()
            return state.placement
        }
        // Nothing shows them any more: a mapping would keep the VMO.
        for part in placement.parts { arena.releaseBlocks(part.frames) }
    }

    /// The size in bytes, a multiple of the page size.
    public var size: UInt64 {
        state.withLock { state in state.sizePages } * pageSize
    }

    /// The pages that have a frame.
    public var residentPages: Int {
        state.withLock { state in state.table.residentCount }
    }

    /// Runs a change of the VMO, then frees the frames that it dropped.
    func mutate<Result, Failure: Error>(
        _ body: (inout UntrackedState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { (state: inout UntrackedState) throws(Failure) -> Result in
            defer { arena.release(state.takeFreed()) }
            return try body(&state)
        }
    }
}
