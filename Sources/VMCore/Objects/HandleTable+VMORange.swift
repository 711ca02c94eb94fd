public import Support

extension HandleTable {
    /// Does something to a range of a VMO.
    ///
    /// - COMMIT gives pages frames, DECOMMIT takes them away, ZERO makes bytes zeros.
    /// - PREFETCH and ALWAYS_NEED get pages in; with ALWAYS_NEED what fails is left out. DONT_NEED
    ///   lets pages go first. All three need pages that a pager can supply again.
    /// - LOCK, TRY_LOCK and UNLOCK are for discardable VMOs, of which there are none.
    /// - CACHE_SYNC, CACHE_INVALIDATE, CACHE_CLEAN and CACHE_CLEAN_INVALIDATE check their
    ///   arguments; the caches of a program's memory need no care. (Zircon refuses
    ///   CACHE_INVALIDATE where its debugging calls are switched off.)
    ///
    /// May block in the pager.
    ///
    /// Source: `zx_vmo_op_range`.
    ///
    /// - Throws: `badHandle`, `wrongType`, `invalidArgs` for an unknown operation, `accessDenied`
    ///   for a missing right, then by operation what `perform` says.
    public func vmoOpRange(
        _ vmo: Handle,
        _ operation: UInt32,
        offset: UInt64,
        size: UInt64
    ) throws(Status) {
        let (vmo, rights) = try objectAndRights(vmo, VMODispatcher.self, rights: [])
        guard let operation = VMOOperation(rawValue: operation) else { throw .invalidArgs }
        guard operation.isAllowed(by: rights) else { throw .accessDenied }
        try vmo.perform(operation, offset, size)
    }
}

extension VMODispatcher {
    /// Does what `vmoOpRange` says.
    ///
    /// - Throws: `outOfRange`; `notSupported` for the locks, and for DECOMMIT in a tree with a
    ///   pager-backed root; `invalidArgs` for a misaligned DECOMMIT and for a CACHE operation on
    ///   nothing; `badState` for a pinned page in DECOMMIT; `noMemory`, what the pager answers.
    fileprivate func perform(
        _ operation: VMOOperation,
        _ offset: UInt64,
        _ size: UInt64
    ) throws(Status) {
        switch operation {
        case .lock, .unlock, .tryLock:
            throw .notSupported
        case .cacheSync, .cacheInvalidate, .cacheClean, .cacheCleanInvalidate:
            if size == 0 { throw .invalidArgs }
            _ = try bytes(offset, size)
        case .zero:
            try pages.zero(try bytes(offset, size))
        case .commit:
            try pages.commit(try bytes(offset, size).pagesRoundedOutward)
        case .decommit:
            let bytes = try bytes(offset, size)
            if bytes.isEmpty { return }
            guard !pages.isPagerBacked else { throw .notSupported }
            let whole = bytes.pagesRoundedInward
            guard whole.bytes == bytes else { throw .invalidArgs }
            try pages.decommit(whole)
        case .prefetch:
            try pages.prefetch(try bytes(offset, size).pagesRoundedOutward)
        case .dontNeed, .alwaysNeed:
            // Hints where none applies are ignored, whatever the range.
            guard pages.isPagerBacked else { return }
            let range = try bytes(offset, size).pagesRoundedOutward
            if operation == .dontNeed { pages.dontNeed(range) } else { pages.alwaysNeed(range) }
        }
    }
}
