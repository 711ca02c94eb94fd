public import Support

// What can be asked of every object.
extension HandleTable {
    /// What a handle is; no right is needed.
    ///
    /// Source: `zx_object_get_info`, `ZX_INFO_HANDLE_BASIC`.
    ///
    /// - Throws: `badHandle`.
    public func basicInfo(_ handle: Handle) throws(Status) -> HandleBasicInfo {
        let entry = try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            try entries.entry(handle)
        }
        return HandleBasicInfo(
            koid: entry.object.koid,
            rights: entry.rights,
            type: entry.object.objectType,
            relatedKoid: .invalid
        )
    }

    /// How many handles there are to the object of `handle`.
    ///
    /// Source: `zx_object_get_info`, `ZX_INFO_HANDLE_COUNT`.
    ///
    /// - Throws: the handle's status (right `inspect`).
    public func handleCount(_ handle: Handle) throws(Status) -> UInt32 {
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            entries.handleCount(of: try entries.object(handle, rights: .inspect).koid)
        }
    }

    /// The name of an object.
    ///
    /// `bufferSize` is the room that the caller has for the name in C.
    ///
    /// Source: `zx_object_get_property`, `ZX_PROP_NAME`.
    ///
    /// - Throws: the handle's status (right `getProperty`), `bufferTooSmall` for fewer than
    ///   `ObjectName.bufferSize` bytes, `wrongType` for an object that has no name.
    public func name(
        _ handle: Handle,
        bufferSize: Int = ObjectName.bufferSize
    ) throws(Status) -> ObjectName {
        let object = try object(handle, rights: .getProperty)
        guard bufferSize >= ObjectName.bufferSize else { throw .bufferTooSmall }
        guard let named = object as? any NamedObject else { throw .wrongType }
        return named.name
    }

    /// Gives an object a name.
    ///
    /// Source: `zx_object_set_property`, `ZX_PROP_NAME`.
    ///
    /// - Throws: the handle's status (right `setProperty`), `wrongType` for an object that has no
    ///   name.
    public func setName(_ handle: Handle, _ name: ObjectName) throws(Status) {
        let object = try object(handle, rights: .setProperty)
        guard let named = object as? any NamedObject else { throw .wrongType }
        named.name = name
    }
}
