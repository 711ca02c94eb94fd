public import Support

extension HandleTable {
    /// Changes the size of a VMO; a size inside a page also zeroes the rest of that page.
    ///
    /// May block in the source for that rest, and a failure of zeroing it is ignored.
    ///
    /// Source: `zx_vmo_set_size`.
    ///
    /// - Throws: the handle's status (right `write`), `accessDenied` if the VMO is resizable and
    ///   the handle lacks `resize`, `outOfRange` above the maximum, `unavailable` if it is not
    ///   resizable.
    public func vmoSetSize(_ vmo: Handle, _ size: UInt64) throws(Status) {
        let (vmo, rights) = try objectAndRights(vmo, VirtualMemoryObject.self, rights: .write)
        if vmo.options.contains(.resizable), !rights.contains(.resize) { throw .accessDenied }
        guard size <= VirtualMemoryObject.sizeMax else { throw .outOfRange }
        let rounded = pageCount(coveringBytes: size) * pageSize
        _ = try vmo.resize(to: rounded)
        if size < rounded { try? vmo.zero(ByteRange(size, rounded)) }
    }

    /// Zeroes bytes of a VMO, or refuses what a pager-backed VMO cannot do.
    ///
    /// Source: `zx_vmo_op_range`.
    ///
    /// - Throws: `badHandle`, `wrongType`, `invalidArgs` for an unknown operation, `accessDenied`
    ///   for a missing right, `outOfRange`, `notSupported` for decommit and locks, what the source
    ///   throws.
    public func vmoOpRange(
        _ vmo: Handle,
        _ operation: UInt32,
        offset: UInt64,
        size: UInt64
    ) throws(Status) {
        let (vmo, rights) = try objectAndRights(vmo, VirtualMemoryObject.self, rights: [])
        switch VMOOperation(rawValue: operation) {
        case .zero:
            guard rights.contains(.write) else { throw .accessDenied }
            guard let bytes = ByteRange(offset: offset, length: size) else { throw .outOfRange }
            try vmo.zero(bytes)
        case .decommit:
            guard rights.contains(.write) else { throw .accessDenied }
            let vmoSize = vmo.size
            guard offset <= vmoSize, size <= vmoSize - offset else { throw .outOfRange }
            if size > 0 { throw .notSupported }
        case .lock, .unlock, .tryLock:
            guard !rights.isDisjoint(with: [.read, .write]) else { throw .accessDenied }
            throw .notSupported
        case nil:
            throw .invalidArgs
        }
    }
}
