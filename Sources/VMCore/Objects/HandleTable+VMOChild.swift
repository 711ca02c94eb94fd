public import Support

extension HandleTable {
    /// Makes a child of a VMO, and a handle to it.
    ///
    /// `options` has exactly one of these, and what is said with it:
    /// - SLICE: the same pages, of a part of a VMO that is not resizable.
    /// - REFERENCE: the same pages, all of them, `offset` and `size` 0; with RESIZABLE if the
    ///   parent is resizable.
    /// - SNAPSHOT, SNAPSHOT_AT_LEAST_ON_WRITE, SNAPSHOT_MODIFIED: a copy-on-write clone, of a range
    ///   that need not lie in the VMO; with RESIZABLE if wanted. SNAPSHOT is for trees without a
    ///   pager.
    ///
    /// NO_WRITE leaves out the right to write. The handle has the rights of the parent's, with
    /// `getProperty` and `setProperty`, and with `resize` only for RESIZABLE; that of a clone has
    /// `write` but not `execute`, unless NO_WRITE was given. The name is the parent's, if the
    /// handle allows to read it.
    ///
    /// Source: `zx_vmo_create_child`.
    ///
    /// - Throws: `outOfRange` for a size above the maximum, `invalidArgs` for NO_WRITE with
    ///   RESIZABLE, the handle's status (rights `duplicate` and `read`), then what
    ///   `VMODispatcher.makeChild` throws.
    public func vmoCreateChild(
        _ vmo: Handle,
        options: UInt32,
        offset: UInt64,
        size: UInt64
    ) throws(Status) -> Handle {
        guard size <= VirtualMemoryObject.sizeMax else { throw .outOfRange }
        var options = VMOChildOptions(rawValue: options)
        if options.isSuperset(of: [.noWrite, .resizable]) { throw .invalidArgs }
        let isReadOnly = options.remove(.noWrite) != nil
        let (parent, held) = try objectAndRights(
            vmo,
            VMODispatcher.self,
            rights: [.duplicate, .read]
        )
        let child = try parent.makeChild(
            options,
            offset: offset,
            size: size,
            isImmutable: isReadOnly && options.contains(.snapshot)
        )
        if held.contains(.getProperty) { child.name = parent.name }
        var rights = held.subtracting(.resize).union([.getProperty, .setProperty])
        if options.contains(.resizable) { rights.insert(.resize) }
        if isReadOnly {
            rights.remove(.write)
        } else if !options.isDisjoint(with: .clones) {
            rights.remove(.execute)
            rights.insert(.write)
        }
        return insert(child, rights: rights)
    }
}
