public import Support

/// What a device may do to pinned pages: the options of `vmoPin`.
private struct PinOptions: OptionSet {
    let rawValue: UInt32

    /// `ZX_BTI_PERM_READ`.
    static let read = PinOptions(rawValue: 1 << 0)
    /// `ZX_BTI_PERM_WRITE`.
    static let write = PinOptions(rawValue: 1 << 1)
}

extension HandleTable {
    /// Holds pages of a VMO in place, and makes a handle to what holds them.
    ///
    /// It stands for the pinning of memory for a device, which a Linux program has none of: the
    /// pages get frames, pages to be written become Dirty, and until `pmtUnpin` they cannot be cut
    /// off, freed, or have their writeback begun. Bit 0 of `options` is for reading, bit 1 for
    /// writing. May block in the pager.
    ///
    /// Source: `zx_bti_pin`, without its bus transaction initiator.
    ///
    /// - Throws: `invalidArgs` for a misaligned range; the handle's status (right `map`),
    ///   `accessDenied` without `read` for reading or `write` for writing; `invalidArgs` for
    ///   another option, neither of the two, or no page; `outOfRange`, also if the VMO shrinks
    ///   meanwhile; what the pager answers, `noMemory`.
    public func vmoPin(
        _ vmo: Handle,
        options: UInt32,
        offset: UInt64,
        size: UInt64
    ) throws(Status) -> Handle {
        guard offset % pageSize == 0, size % pageSize == 0 else { throw .invalidArgs }
        let options = PinOptions(rawValue: options)
        let (vmo, rights) = try objectAndRights(vmo, VMODispatcher.self, rights: .map)
        if options.contains(.read), !rights.contains(.read) { throw .accessDenied }
        if options.contains(.write), !rights.contains(.write) { throw .accessDenied }
        guard !options.isEmpty, options.isSubset(of: [.read, .write]), size > 0 else {
            throw .invalidArgs
        }
        let pages = try vmo.bytes(offset, size).pagesRoundedOutward
        let pin = try vmo.pages.pin(pages, forWrite: options.contains(.write))
        return insert(PinnedMemory(pin), rights: .pinnedMemoryDefault)
    }

    /// Lets pinned pages go and closes the handle, in any case.
    ///
    /// Source: `zx_pmt_unpin`.
    ///
    /// - Throws: `badHandle`, `wrongType`.
    public func pmtUnpin(_ handle: Handle) throws(Status) {
        let object = try object(handle, rights: [])
        try close(handle)
        guard let memory = object as? PinnedMemory else { throw .wrongType }
        memory.lastHandleClosed()
    }
}
