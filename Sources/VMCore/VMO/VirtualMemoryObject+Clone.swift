public import Support

extension VirtualMemoryObject: CloneParent {
    /// Keeps `clone`, without a hold on its life, to tell it of each shrink from now on.
    public func addClone(_ clone: UntrackedVMO) {
        // Let go after the lock.
        let others = state.withLock { state in state.clones.add(clone) }
        _ = others.count
    }
}

extension VirtualMemoryObject: VMOContent {
    /// Whether `setSize` is allowed.
    public var isResizable: Bool { options.contains(.resizable) }
    var isPagerBacked: Bool { true }
    var residentPages: Int { counts.resident }

    /// Refuses: what the pager has not been told must not go.
    ///
    /// Source: `ZX_VMO_OP_DECOMMIT`.
    ///
    /// - Throws: `notSupported`.
    public func decommit(_ pages: PageRange) throws(Status) {
        throw .notSupported
    }

    /// Makes a clone of `size` bytes, rounded up to pages, that begins at byte `offset`.
    ///
    /// - Throws: `notSupported` for a snapshot, `invalidArgs` for an end that overflows.
    func makeClone(
        _ kind: CloneKind,
        offset: UInt64,
        size: UInt64,
        isResizable: Bool,
        ofSlice: Bool
    ) throws(Status) -> UntrackedVMO {
        guard kind != .snapshot else { throw .notSupported }
        guard ByteRange(offset: offset, length: size) != nil else { throw .invalidArgs }
        return UntrackedVMO(
            cloneOf: self,
            offset: offset,
            rootOffset: offset,
            size: size,
            isResizable: isResizable,
            arena: pager.arena
        )
    }
}
