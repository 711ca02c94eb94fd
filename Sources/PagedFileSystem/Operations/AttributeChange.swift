public import Storage

/// What a setattr request changes; a field that is nil or `.omit` stays.
public struct AttributeChange: Sendable {
    /// The permission bits.
    public var mode: UInt32?
    /// The owner.
    public var uid: UInt32?
    /// The group.
    public var gid: UInt32?
    /// The size in bytes.
    public var size: UInt64?
    /// The time of the last access.
    public var accessTime: FileTimeChange = .omit
    /// The time of the last modification.
    public var modificationTime: FileTimeChange = .omit
    /// The time of the last change, which the kernel keeps itself while it caches writes.
    public var changeTime: FileTime?
    /// Whether setuid, setgid and capabilities are to be dropped (`FATTR_KILL_SUIDGID`).
    public var dropsPrivileges = false

    /// Whether nothing is named: chown(2) with neither owner nor group, which still is a change.
    var isBare: Bool {
        mode == nil && uid == nil && gid == nil && size == nil && accessTime == .omit
            && modificationTime == .omit
    }

    /// Makes a change of nothing.
    public init() {}
}
