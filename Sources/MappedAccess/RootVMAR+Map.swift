internal import Glibc
internal import Support
internal import SystemPackage
internal import VMCore

extension RootVMAR {
    /// A mapping to be made, whose options are valid.
    struct Request {
        var source: MappingSource
        var permissions: MappingOptions
        var permissionsMax: MappingOptions
        var options: MappingOptions
        /// Where in the region, if the options say that this matters.
        var offset: UInt64
        /// Where in the handle's VMO, in pages.
        var page: UInt64
        /// Whole pages, in bytes.
        var length: UInt
    }

    /// Makes a mapping and returns its address.
    ///
    /// - Throws: `invalidArgs` for a place that does not exist, `alreadyExists`, `noResources`
    ///   without room, `notSupported` where the kernel forbids it, `noMemory`.
    func map(_ request: Request) throws(Status) -> UInt {
        let memory = request.source.memory
        guard memory.arena === arena else { throw .invalidArgs }
        let service = try space.state.withLock {
            (state: inout AddressSpace.State) throws(Status) -> FaultService in
            _ = try placeFor(request, in: state.regions)
            return try self.service(&state)
        }
        let page = request.source.firstPage + request.page
        let pages = PageRange(start: page, count: UInt64(request.length) / pageSize)
        // Before the lock, because it copies the pages that are there.
        let place = try memory.place(pages) { MappedObject(memory) }
        guard let object = place.observer as? MappedObject else { throw .badState }
        let (address, removed) = try space.state.withLock {
            (state: inout AddressSpace.State) throws(Status) -> (UInt, [Region]) in
            let address = try placeFor(request, in: state.regions)
            let addresses = address..<(address + request.length)
            let removed = Array(state.regions.regions(in: addresses))
            try unmap(addresses, &state)
            try show(place.parts, at: addresses, request.permissions, service.descriptor)
            object.add(addresses, parts: place.parts, service.descriptor)
            let view = MappedView(
                object,
                address: address,
                page: page,
                limit: request.source.limit,
                permissionsMax: request.permissionsMax,
                owner: request.source.owner
            )
            state.regions.insert(
                Region(addresses: addresses, view: view, permissions: request.permissions)
            )
            return (address, removed)
        }
        if !removed.isEmpty { service.cancel(address..<(address + request.length)) }
        return address
    }

    /// The address for a mapping.
    private func placeFor(_ request: Request, in regions: RegionMap) throws(Status) -> UInt {
        let options = request.options
        let length = request.length
        let isUpperLimit = options.contains(.offsetIsUpperLimit)
        let isSpecific = !options.isDisjoint(with: [.specific, .specificOverwrite])
        if isSpecific && isUpperLimit { throw .invalidArgs }
        if !isSpecific && !isUpperLimit && request.offset != 0 { throw .invalidArgs }
        guard request.offset % pageSize == 0 else { throw .invalidArgs }
        let size = UInt(regions.bounds.count)
        guard let offset = UInt(exactly: request.offset), offset <= size, length <= size,
            isUpperLimit ? length <= offset : offset < size && length <= size - offset
        else { throw .invalidArgs }
        let alignment = max(UInt(1) << UInt(options.alignment), UInt(pageSize))
        guard isSpecific else {
            let limit = isUpperLimit ? regions.bounds.lowerBound + offset : UInt.max
            guard let address = regions.room(for: length, alignment: alignment, below: limit)
            else { throw .noResources }
            return address
        }
        let address = regions.bounds.lowerBound + offset
        guard address % alignment == 0 else { throw .invalidArgs }
        if !options.contains(.specificOverwrite),
            !regions.isFree(address..<(address + length))
        {
            throw .alreadyExists
        }
        return address
    }

    /// Shows placed pages at addresses where nothing is mapped.
    ///
    /// Accesses fail until every fault in the range is told of.
    private func show(
        _ parts: [PlacedPages],
        at addresses: Range<UInt>,
        _ permissions: MappingOptions,
        _ descriptor: FaultDescriptor
    ) throws(Status) {
        do throws(Errno) {
            var address = addresses.lowerBound
            for part in parts {
                try arena.show(part.frames, at: address, protection: PROT_NONE)
                address += UInt(part.pages.count * pageSize)
            }
            try descriptor.register(addresses)
        } catch {
            try? AddressSpace.clear(addresses)
            throw .noMemory
        }
        do throws(Status) {
            try AddressSpace.protect(addresses, permissions.protection)
        } catch {
            try? AddressSpace.clear(addresses)
            throw error
        }
    }

    /// Takes away what is mapped in a range of the region.
    ///
    /// - Throws: `noMemory`; a part may be gone then.
    func unmap(_ addresses: Range<UInt>) throws(Status) {
        let (removed, service) = try space.state.withLock {
            (state: inout AddressSpace.State) throws(Status) in
            let removed = Array(state.regions.regions(in: addresses))
            try unmap(addresses, &state)
            return (removed, state.service)
        }
        if !removed.isEmpty { service?.cancel(addresses) }
    }

    private func unmap(
        _ addresses: Range<UInt>,
        _ state: inout AddressSpace.State
    ) throws(Status) {
        for region in Array(state.regions.regions(in: addresses)) {
            let part = region.addresses.clamped(to: addresses)
            try region.view.object.remove(part) { () throws(Status) in
                try AddressSpace.clear(part)
            }
            state.regions.remove(part)
        }
    }

    /// Changes what may be done to the memory in a range of the region.
    ///
    /// - Throws: `notFound` where nothing is mapped, `accessDenied` where a permission was never
    ///   given; nothing changes then. `noMemory`.
    func protect(_ addresses: Range<UInt>, _ permissions: MappingOptions) throws(Status) {
        try space.state.withLock { (state: inout AddressSpace.State) throws(Status) in
            var expected = addresses.lowerBound
            let regions = Array(state.regions.regions(in: addresses))
            for region in regions {
                if region.addresses.lowerBound > expected { throw .notFound }
                guard region.view.permissionsMax.isSuperset(of: permissions) else {
                    throw .accessDenied
                }
                expected = region.addresses.upperBound
            }
            if expected < addresses.upperBound { throw .notFound }
            for region in regions where region.permissions != permissions {
                let part = region.addresses.clamped(to: addresses)
                // The first store after this must be seen as one.
                if permissions.contains(.write) { region.view.object.revokeWrite(at: part) }
                try AddressSpace.protect(part, permissions.protection)
                state.regions.setPermissions(permissions, in: part)
            }
        }
    }
}
