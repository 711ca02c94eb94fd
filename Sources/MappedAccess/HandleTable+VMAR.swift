public import Support
public import VMCore

extension HandleTable {
    /// Maps part of a VMO into an address region and returns the address.
    ///
    /// `options` are those of `MappingOptions`, with the power of two of an alignment in the
    /// highest 8 bits. `length` is rounded up to pages. The mapping keeps the VMO alive; it may be
    /// longer than the VMO, and accesses beyond fail.
    ///
    /// Source: `zx_vmar_map`. `ZX_VM_FAULT_BEYOND_STREAM_SIZE` is not supported.
    ///
    /// - Throws: the status of either handle, then in this order: `accessDenied` without the right
    ///   `map`, `invalidArgs` for permissions or options that exclude each other, `accessDenied`
    ///   for a permission that a handle lacks, `invalidArgs` for other options, `notSupported` for
    ///   a resizable VMO that may not be, `invalidArgs` for a misaligned `vmoOffset`, `outOfRange`
    ///   for an overflow, `invalidArgs` for no length or a place that does not exist,
    ///   `alreadyExists`, `noResources`, `notSupported` where the kernel forbids mappings,
    ///   `noMemory`.
    public func vmarMap(
        _ vmar: Handle,
        options: UInt32,
        vmarOffset: UInt64,
        _ vmo: Handle,
        vmoOffset: UInt64,
        length: UInt64
    ) throws(Status) -> UInt {
        let (vmar, vmarRights) = try objectAndRights(vmar, RootVMAR.self, rights: [])
        let (vmo, vmoRights) = try objectAndRights(vmo, VMODispatcher.self, rights: [])
        let options = MappingOptions(rawValue: options)
        guard vmoRights.contains(.map) else { throw .accessDenied }
        guard let permissions = options.validPermissions else { throw .invalidArgs }
        if options.isSuperset(of: [.mapRange, .specificOverwrite]) { throw .invalidArgs }
        guard options.isDisjoint(with: [.canMapRead, .canMapWrite, .canMapExecute]) else {
            throw .invalidArgs
        }
        let permissionsMax = vmoRights.intersection(vmarRights).permissions
        guard permissionsMax.isSuperset(of: permissions) else { throw .accessDenied }
        if options.contains(.faultBeyondStreamSize) {
            throw options.contains(.allowFaults) ? .notSupported : .invalidArgs
        }
        guard options.unknown == 0 else { throw .invalidArgs }
        guard options.alignment == 0 || (10...32).contains(options.alignment) else {
            throw .invalidArgs
        }
        if options.contains(.requireNonResizable), vmo.isResizable { throw .notSupported }
        guard options.isDisjoint(with: .subRegion) else { throw .invalidArgs }
        guard vmoOffset % pageSize == 0 else { throw .invalidArgs }
        let rounded = try roundedUp(length)
        guard ByteRange(offset: vmoOffset, length: rounded) != nil else { throw .outOfRange }
        guard rounded > 0 else { throw .invalidArgs }
        let request = RootVMAR.Request(
            source: MappingSource(vmo),
            permissions: permissions,
            permissionsMax: permissionsMax,
            options: options,
            offset: vmarOffset,
            page: vmoOffset / pageSize,
            length: UInt(rounded)
        )
        let address = try vmar.map(request)
        if options.contains(.mapRange) {
            // It fails only where another thread has unmapped it already.
            try? vmar.operate(.mapRange, address..<(address + request.length))
        }
        return address
    }

    /// Takes mappings away, whole or in part; where nothing is mapped nothing happens.
    ///
    /// A thread that waits for a page there gets SIGSEGV. `length` is rounded up to pages.
    ///
    /// Source: `zx_vmar_unmap`.
    ///
    /// - Throws: the handle's status, `invalidArgs` for a misaligned address, no length or a range
    ///   outside the region, `noMemory`.
    public func vmarUnmap(_ vmar: Handle, address: UInt, length: UInt64) throws(Status) {
        let vmar = try object(vmar, RootVMAR.self, rights: [])
        try vmar.unmap(try addresses(address, length, in: vmar, outside: .invalidArgs))
    }

    /// Changes what may be done to mapped memory.
    ///
    /// `options` are permissions of `MappingOptions`. Stores to pages that are not Dirty are seen
    /// as before. `length` is rounded up to pages.
    ///
    /// Source: `zx_vmar_protect`.
    ///
    /// - Throws: the handle's status (rights: the permissions), `invalidArgs` for options that are
    ///   no permissions or exclude each other, a misaligned address, no length or a range outside
    ///   the region, `notFound` if part of it is not mapped, `accessDenied` if the handles with
    ///   which it was mapped lacked a permission, `noMemory`.
    public func vmarProtect(
        _ vmar: Handle,
        options: UInt32,
        address: UInt,
        length: UInt64
    ) throws(Status) {
        var options = MappingOptions(rawValue: options)
        if options.contains(.readIfExecuteOnlyUnsupported) { options.insert(.read) }
        let vmar = try object(vmar, RootVMAR.self, rights: options.rights)
        guard let permissions = options.validPermissions else { throw .invalidArgs }
        guard address % UInt(pageSize) == 0 else { throw .invalidArgs }
        options.remove(.readIfExecuteOnlyUnsupported)
        guard options == permissions else { throw .invalidArgs }
        let addresses = try addresses(address, length, in: vmar, outside: .invalidArgs)
        try vmar.protect(addresses, permissions)
    }

    /// Does something to the pages of every mapping in a range, which has no gap.
    ///
    /// May block in the pager. `length` is rounded up to pages.
    ///
    /// Source: `zx_vmar_op_range`, without a buffer, which no operation takes.
    ///
    /// - Throws: the handle's status, `invalidArgs` for an unknown operation, a misaligned address
    ///   or no length, `outOfRange` outside the region, `badState` if part of it is not mapped
    ///   (what lies before is done), `accessDenied` for what needs a permission that the handles
    ///   with which it was mapped lacked, `notSupported` for zeroing and for decommitting pages of
    ///   a pager, what the pager answers.
    public func vmarOpRange(
        _ vmar: Handle,
        _ operation: UInt32,
        address: UInt,
        length: UInt64
    ) throws(Status) {
        let vmar = try object(vmar, RootVMAR.self, rights: [])
        guard let operation = RangeOperation(rawValue: operation) else { throw .invalidArgs }
        let addresses = try addresses(address, length, in: vmar, outside: .outOfRange)
        try vmar.operate(operation, addresses)
    }

    /// Where an address region lies: its first address and the number of bytes.
    ///
    /// Source: `ZX_INFO_VMAR`.
    ///
    /// - Throws: the handle's status (right `inspect`).
    public func vmarInfo(_ vmar: Handle) throws(Status) -> (base: UInt, length: UInt) {
        let vmar = try object(vmar, RootVMAR.self, rights: .inspect)
        return (vmar.base, vmar.length)
    }

    private func roundedUp(_ length: UInt64) throws(Status) -> UInt64 {
        let (sum, overflow) = length.addingReportingOverflow(pageSize - 1)
        if overflow { throw .outOfRange }
        return sum / pageSize * pageSize
    }

    /// The range of whole pages at an address, if it is not empty and inside the region.
    private func addresses(
        _ address: UInt,
        _ length: UInt64,
        in vmar: RootVMAR,
        outside status: Status
    ) throws(Status) -> Range<UInt> {
        guard address % UInt(pageSize) == 0 else { throw .invalidArgs }
        // As in Zircon, a length that overflows when it is rounded up is no length.
        let rounded = (try? roundedUp(length)) ?? 0
        guard rounded > 0 else { throw .invalidArgs }
        guard address >= vmar.base, address - vmar.base <= vmar.length,
            UInt(rounded) <= vmar.length - (address - vmar.base)
        else { throw status }
        return address..<(address + UInt(rounded))
    }
}

extension Rights {
    /// What the rights to an object allow to be done to its memory.
    fileprivate var permissions: MappingOptions {
        var permissions: MappingOptions = []
        if contains(.read) { permissions.insert(.read) }
        if contains(.write) { permissions.insert(.write) }
        if contains(.execute) { permissions.insert(.execute) }
        return permissions
    }
}

extension MappingOptions {
    /// The rights that the permissions need.
    fileprivate var rights: Rights {
        var rights: Rights = []
        if contains(.read) { rights.insert(.read) }
        if contains(.write) { rights.insert(.write) }
        if contains(.execute) { rights.insert(.execute) }
        return rights
    }
}
