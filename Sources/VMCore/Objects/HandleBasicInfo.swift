/// What a handle is.
///
/// Source: `zx_info_handle_basic_t`.
public struct HandleBasicInfo: Hashable, Sendable {
    /// The object's identity.
    public let koid: Koid
    /// What the handle allows.
    public let rights: Rights
    /// The kind of object.
    public let type: ObjectType
    /// The object at the other end; `Koid.invalid` for the objects of this library, which have
    /// none.
    public let relatedKoid: Koid
}
