internal import Support

/// A mapped range of addresses.
struct Region {
    /// Whole pages.
    var addresses: Range<UInt>
    /// What it shows.
    var view: MappedView
    /// What may be done to the memory.
    var permissions: MappingOptions

    /// The page at the first address.
    var firstPage: UInt64 { view.page(at: addresses.lowerBound) }
    /// The pages that it shows.
    var pages: PageRange {
        PageRange(start: firstPage, count: UInt64(addresses.count) / pageSize)
    }
}

/// The mappings of an address region: which address shows what, and where there is room.
struct RegionMap {
    /// All addresses there are, whole pages.
    let bounds: Range<UInt>
    /// Ascending.
    private(set) var regions: [Region] = []

    init(bounds: Range<UInt>) {
        self.bounds = bounds
    }

    /// Whether the range lies inside the bounds.
    func contains(_ address: UInt, _ length: UInt) -> Bool {
        address >= bounds.lowerBound && address <= bounds.upperBound
            && length <= bounds.upperBound - address
    }

    /// The region at `address`.
    func region(at address: UInt) -> Region? {
        let index = index(endingAfter: address)
        guard index < regions.count, regions[index].addresses.contains(address) else { return nil }
        return regions[index]
    }

    /// The regions that share an address with `range`, ascending.
    func regions(in range: Range<UInt>) -> ArraySlice<Region> {
        let start = index(endingAfter: range.lowerBound)
        var end = start
        while end < regions.count, regions[end].addresses.lowerBound < range.upperBound { end += 1 }
        return regions[start..<end]
    }

    /// Whether nothing is mapped in `range`.
    func isFree(_ range: Range<UInt>) -> Bool { regions(in: range).isEmpty }

    /// The lowest address, a multiple of `alignment`, with room for `length` bytes below `limit`.
    func room(for length: UInt, alignment: UInt, below limit: UInt) -> UInt? {
        var start = bounds.lowerBound
        for index in 0...regions.count {
            let isLast = index == regions.count
            let gapEnd = isLast ? bounds.upperBound : regions[index].addresses.lowerBound
            let end = min(gapEnd, limit)
            let (sum, overflow) = start.addingReportingOverflow(alignment - 1)
            if overflow { return nil }
            let aligned = sum / alignment * alignment
            if aligned <= end, length <= end - aligned { return aligned }
            if isLast || regions[index].addresses.upperBound >= limit { return nil }
            start = regions[index].addresses.upperBound
        }
        return nil
    }

    /// Adds a region where nothing is mapped.
    mutating func insert(_ region: Region) {
        regions.insert(region, at: index(endingAfter: region.addresses.lowerBound))
    }

    /// Takes what is mapped in `range` out.
    mutating func remove(_ range: Range<UInt>) {
        replace(range) { _ in nil }
    }

    /// Changes the permissions of what is mapped in `range`.
    mutating func setPermissions(_ permissions: MappingOptions, in range: Range<UInt>) {
        replace(range) { region in
            var region = region
            region.permissions = permissions
            return region
        }
    }

    /// Puts what `body` gives in the place of the parts of regions in `range`.
    private mutating func replace(_ range: Range<UInt>, _ body: (Region) -> Region?) {
        let old = regions(in: range)
        var new: [Region] = []
        for region in old {
            let inside = region.addresses.clamped(to: range)
            if region.addresses.lowerBound < inside.lowerBound {
                var head = region
                head.addresses = region.addresses.lowerBound..<inside.lowerBound
                new.append(head)
            }
            var middle = region
            middle.addresses = inside
            if let middle = body(middle) { new.append(middle) }
            if inside.upperBound < region.addresses.upperBound {
                var tail = region
                tail.addresses = inside.upperBound..<region.addresses.upperBound
                new.append(tail)
            }
        }
        regions.replaceSubrange(old.indices, with: new)
    }

    private func index(endingAfter address: UInt) -> Int {
        var low = 0
        var high = regions.count
        while low < high {
            let middle = (low + high) / 2
            if regions[middle].addresses.upperBound <= address {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
