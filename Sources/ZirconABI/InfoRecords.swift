internal import CZircon
internal import VMCore

// What zx_object_get_info tells, from what the core knows.

extension zx_info_handle_basic_t {
    /// What a handle is.
    init(_ info: HandleBasicInfo) {
        self.init()
        koid = info.koid.rawValue
        rights = info.rights.rawValue
        type = info.type.rawValue
        related_koid = info.relatedKoid.rawValue
    }
}

extension zx_info_vmo_t {
    /// What a VMO is.
    ///
    /// No page is compressed here, and none belongs to two VMOs: all counts of bytes are one.
    init(_ info: VMOInfo) {
        self.init()
        koid = info.koid.rawValue
        // SAFETY: the name is an array of as many bytes as the padded name has.
        unsafe withUnsafeMutableBytes(of: &name) { unsafe $0.copyBytes(from: info.name.padded) }
        size_bytes = info.size
        parent_koid = info.parentKoid.rawValue
        num_children = info.childCount
        flags = info.flags.rawValue
        committed_bytes = info.committedBytes
        handle_rights = info.handleRights.rawValue
        cache_policy = ZX_CACHE_POLICY_CACHED
        populated_bytes = info.committedBytes
        committed_private_bytes = info.committedBytes
        populated_private_bytes = info.committedBytes
        committed_scaled_bytes = info.committedBytes
        populated_scaled_bytes = info.committedBytes
    }
}
