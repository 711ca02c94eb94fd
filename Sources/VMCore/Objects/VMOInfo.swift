internal import Support

/// What is known of a VMO behind a handle.
///
/// Source: `zx_info_vmo_t`.
public struct VMOInfo: Hashable, Sendable {
    /// What kind of VMO it is.
    public struct Flags: OptionSet, Hashable, Sendable {
        /// The bits.
        public let rawValue: UInt32

        /// Makes the flags with the bits `rawValue`.
        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// `ZX_INFO_VMO_TYPE_PAGED`: it consists of pages, as all here do.
        public static let paged = Flags(rawValue: 1 << 0)
        /// `ZX_INFO_VMO_RESIZABLE`.
        public static let resizable = Flags(rawValue: 1 << 1)
        /// `ZX_INFO_VMO_IS_COW_CLONE`.
        public static let clone = Flags(rawValue: 1 << 2)
        /// `ZX_INFO_VMO_VIA_HANDLE`: it was asked for by a handle.
        public static let viaHandle = Flags(rawValue: 1 << 3)
        /// `ZX_INFO_VMO_PAGER_BACKED`: it or the VMO at the root of its tree has a pager.
        public static let pagerBacked = Flags(rawValue: 1 << 5)
        /// `ZX_INFO_VMO_IMMUTABLE`: it was made as a snapshot that nobody can write.
        public static let immutable = Flags(rawValue: 1 << 8)
    }

    /// The object's identity.
    public var koid: Koid
    /// The name.
    public var name: ObjectName
    /// The size in bytes.
    public var size: UInt64
    /// The size of the content in bytes.
    public var streamSize: UInt64
    /// The parent's identity; `Koid.invalid` if it has none left.
    public var parentKoid: Koid
    /// Direct children alive.
    public var childCount: Int
    /// What kind of VMO it is.
    public var flags: Flags
    /// Bytes of the pages that have a frame; none for a slice or reference, which has no pages of
    /// its own.
    public var committedBytes: UInt64
    /// The rights of the handle.
    public var handleRights: Rights
}

extension VMODispatcher {
    /// What is known of the VMO, for a handle with `rights`.
    func info(handleRights: Rights) -> VMOInfo {
        var flags: VMOInfo.Flags = [.paged, .viaHandle]
        if isResizable { flags.insert(.resizable) }
        if origin == .clone { flags.insert(.clone) }
        if pages.isPagerBacked { flags.insert(.pagerBacked) }
        if isImmutable { flags.insert(.immutable) }
        let hasPages = origin == .root || origin == .clone
        return VMOInfo(
            koid: koid,
            name: name,
            size: size,
            streamSize: streamSize,
            parentKoid: family.parent(of: koid) ?? .invalid,
            childCount: family.childCount(of: koid),
            flags: flags,
            committedBytes: hasPages ? UInt64(pages.residentPages) * pageSize : 0,
            handleRights: handleRights
        )
    }
}
