internal import Support
internal import VMCore

/// What a handle lets a mapping show.
struct MappingSource {
    /// The VMO that has the pages: that of the handle, or the one at the root of a slice.
    var memory: any MappableMemory
    /// The object of the handle.
    var owner: any KernelObject
    /// The page of `memory` at which the handle's VMO begins, and the one at which it ends if it
    /// is a slice.
    var firstPage: UInt64
    var limit: UInt64
    var isResizable: Bool

    init(_ vmo: VMODispatcher) {
        switch vmo.content {
        case .paged(let pages): memory = pages
        case .untracked(let pages): memory = pages
        }
        owner = vmo
        firstPage = vmo.offset / pageSize
        limit = vmo.origin == .slice ? firstPage + vmo.size / pageSize : .max
        isResizable = vmo.isResizable
    }
}
