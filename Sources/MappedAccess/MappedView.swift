internal import Support
internal import VMCore

/// Part of a VMO that a mapping shows, from one address on.
final class MappedView: Sendable {
    /// The VMO whose pages these are.
    let object: MappedObject
    /// The address and the page of it there.
    let address: UInt
    let page: UInt64
    /// The page at which the part ends that may be seen: the end of a slice, whatever the VMO's
    /// size is.
    let limit: UInt64
    /// What the memory may ever be used for.
    let permissionsMax: MappingOptions
    /// The object of the handle, which a mapping keeps alive.
    private let owner: any KernelObject

    init(
        _ object: MappedObject,
        address: UInt,
        page: UInt64,
        limit: UInt64,
        permissionsMax: MappingOptions,
        owner: any KernelObject
    ) {
        self.object = object
        self.address = address
        self.page = page
        self.limit = limit
        self.permissionsMax = permissionsMax
        self.owner = owner
    }

    /// The page at an address of the mapping.
    func page(at address: UInt) -> UInt64 {
        page + UInt64(address - self.address) / pageSize
    }
}
