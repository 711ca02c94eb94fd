internal import Support
internal import VMCore

extension RootVMAR {
    /// Does something to the pages of every mapping in a range, which has no gap.
    ///
    /// May block in the pager.
    ///
    /// - Throws: `badState` at a gap (what lies before is done), `accessDenied` for what needs a
    ///   permission that was never given, what the VMO throws.
    func operate(_ operation: RangeOperation, _ addresses: Range<UInt>) throws(Status) {
        var address = addresses.lowerBound
        while address < addresses.upperBound {
            guard let region = space.state.withLock({ $0.regions.region(at: address) }) else {
                throw .badState
            }
            let end = min(addresses.upperBound, region.addresses.upperBound)
            try operate(operation, address..<end, of: region)
            address = end
        }
    }

    private func operate(
        _ operation: RangeOperation,
        _ addresses: Range<UInt>,
        of region: Region
    ) throws(Status) {
        let view = region.view
        let first = view.page(at: addresses.lowerBound)
        let pages = PageRange(start: first, count: UInt64(addresses.count) / pageSize)
        let memory = view.object.memory
        switch operation {
        case .commit, .decommit:
            guard view.permissionsMax.contains(.write) else { throw .accessDenied }
        case .prefetch:
            guard view.permissionsMax.contains(.read) else { throw .accessDenied }
        case .zero:
            throw .notSupported
        case .mapRange, .dontNeed, .alwaysNeed:
            break
        }
        if operation != .mapRange, pages.end > view.limit { throw .outOfRange }
        switch operation {
        case .commit: try memory.commit(pages)
        case .decommit: try memory.decommit(pages)
        case .prefetch: try memory.prefetch(pages)
        case .alwaysNeed: memory.alwaysNeed(pages)
        case .dontNeed: memory.dontNeed(pages)
        case .mapRange, .zero: break
        }
        switch operation {
        case .commit, .prefetch, .alwaysNeed, .mapRange: mapResident(addresses, of: view)
        case .decommit, .dontNeed, .zero: break
        }
    }

    /// Shows the pages of a mapping that are there, for reading.
    func mapResident(_ addresses: Range<UInt>, of view: MappedView) {
        let first = view.page(at: addresses.lowerBound)
        let pages = PageRange(start: first, count: UInt64(addresses.count) / pageSize)
        let seen = pages.clamped(to: PageRange(0, view.limit))
        view.object.showResident(addresses, seen)
    }
}
