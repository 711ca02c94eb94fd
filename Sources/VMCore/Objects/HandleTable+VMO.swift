public import Support

extension HandleTable {
    /// Makes a VMO of zeros of `size` bytes, rounded up to pages, and a handle to it.
    ///
    /// `size` as given becomes the stream size. The options are `ZX_VMO_RESIZABLE` and
    /// `ZX_VMO_UNBOUNDED`. `ZX_VMO_DISCARDABLE` is not offered: nothing here takes memory away from
    /// whoever has it.
    ///
    /// Source: `zx_vmo_create`.
    ///
    /// - Throws: `invalidArgs` for `resizable` with `unbounded`, `outOfRange` for a size above the
    ///   maximum, `invalidArgs` for another option, `notSupported` for `discardable`.
    public func vmoCreate(size: UInt64, options: UInt32) throws(Status) -> Handle {
        let options = VMOOptions(rawValue: options)
        if options.isSuperset(of: [.resizable, .unbounded]) { throw .invalidArgs }
        let isUnbounded = options.contains(.unbounded)
        let isTooLarge = size > UntrackedVMO.sizeMax
        if isTooLarge, !isUnbounded { throw .outOfRange }
        let known: VMOOptions = [.resizable, .unbounded, .discardable]
        guard options.isSubset(of: known) else { throw .invalidArgs }
        if isTooLarge { throw .outOfRange }
        if options.contains(.discardable) { throw .notSupported }
        let vmo = UntrackedVMO(
            sizePages: pageCount(coveringBytes: isUnbounded ? UntrackedVMO.sizeMax : size),
            streamSize: size,
            isResizable: options.contains(.resizable),
            arena: arena,
            parent: nil
        )
        return insertRoot(.untracked(vmo))
    }

    /// Makes a dispatcher for a new VMO, and a handle with all the rights that it gives.
    func insertRoot(_ content: VMODispatcher.Content) -> Handle {
        let vmo = VMODispatcher(content)
        return insert(vmo, rights: vmo.isResizable ? [.vmoDefault, .resize] : .vmoDefault)
    }

    /// Copies bytes of a VMO out in pieces, ascending.
    ///
    /// `into` gets each piece with no lock held, and returns false if its own memory failed. May
    /// block in the pager.
    ///
    /// Source: `zx_vmo_read`.
    ///
    /// - Throws: the handle's status (right `read`), `outOfRange`, also if the VMO shrinks
    ///   meanwhile; what the pager answers, `notFound` if `into` fails.
    public func vmoRead(
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        into consume: (UnsafeRawBufferPointer) -> Bool
    ) throws(Status) {
        let vmo = try object(vmo, VMODispatcher.self, rights: .read)
        let bytes = try vmo.bytes(offset, length)
        // SAFETY: the closure is only passed on.
        try unsafe vmo.pages.read(bytes, into: consume)
    }

    /// Copies bytes into a VMO in pieces, ascending.
    ///
    /// `from` fills the buffer, with no lock held, and returns how many bytes it had; fewer than
    /// asked for mean that its own memory failed. May block in the pager. What was written before a
    /// failure stays written.
    ///
    /// Source: `zx_vmo_write`.
    ///
    /// - Throws: the handle's status (right `write`), `outOfRange`, also if the VMO shrinks
    ///   meanwhile; what the pager answers, `noMemory`, `notFound` if `from` fails.
    public func vmoWrite(
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64,
        from produce: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Status) {
        let vmo = try object(vmo, VMODispatcher.self, rights: .write)
        let bytes = try vmo.bytes(offset, length)
        // SAFETY: the closure is only passed on.
        try unsafe vmo.pages.write(bytes, from: produce)
    }

    /// The bytes of a range of a VMO.
    ///
    /// - Throws: what `vmoRead` into a buffer does.
    public func vmoRead(
        _ vmo: Handle,
        offset: UInt64,
        length: UInt64
    ) throws(Status) -> [UInt8] {
        var bytes: [UInt8] = []
        // SAFETY: the piece is valid during the call, and copied in it.
        try unsafe vmoRead(vmo, offset: offset, length: length) { piece in
            unsafe bytes.append(contentsOf: piece)
            return true
        }
        return bytes
    }

    /// Writes `bytes` into a VMO.
    ///
    /// - Throws: what `vmoWrite` from a buffer does, except `notFound`.
    public func vmoWrite(_ vmo: Handle, offset: UInt64, bytes: [UInt8]) throws(Status) {
        var done = 0
        // SAFETY: the buffer is valid during the call and has room for what is asked of it.
        try unsafe vmoWrite(vmo, offset: offset, length: UInt64(bytes.count)) { buffer in
            unsafe buffer.copyBytes(from: bytes[done..<done + buffer.count])
            done += buffer.count
            return buffer.count
        }
    }

    /// The size of a VMO in bytes; no right is needed.
    ///
    /// Source: `zx_vmo_get_size`.
    ///
    /// - Throws: `badHandle`, `wrongType`.
    public func vmoGetSize(_ vmo: Handle) throws(Status) -> UInt64 {
        try object(vmo, VMODispatcher.self, rights: []).size
    }

    /// Changes the size of a VMO; a size inside a page also zeroes the rest of that page.
    ///
    /// May block in the pager for that rest, and a failure of zeroing it is ignored.
    ///
    /// Source: `zx_vmo_set_size`.
    ///
    /// - Throws: the handle's status (right `write`), `accessDenied` if the VMO is resizable and
    ///   the handle lacks `resize`, `outOfRange` above the maximum, `unavailable` if it is not
    ///   resizable, `badState` if a page to be cut off is pinned.
    public func vmoSetSize(_ vmo: Handle, _ size: UInt64) throws(Status) {
        let (vmo, rights) = try objectAndRights(vmo, VMODispatcher.self, rights: .write)
        if vmo.isResizable, !rights.contains(.resize) { throw .accessDenied }
        try vmo.pages.setSize(size)
    }

    /// The size of a VMO's content in bytes; no right is needed.
    ///
    /// Source: `zx_vmo_get_stream_size`.
    ///
    /// - Throws: `badHandle`, `wrongType`.
    public func vmoGetStreamSize(_ vmo: Handle) throws(Status) -> UInt64 {
        try object(vmo, VMODispatcher.self, rights: []).streamSize
    }

    /// Changes the size of a VMO's content; what lies beyond becomes zeros.
    ///
    /// May block in the pager for a page that is zeroed in part; a failure changes no size.
    ///
    /// Source: `zx_vmo_set_stream_size`.
    ///
    /// - Throws: the handle's status (right `write`), `outOfRange` above the VMO's size, what the
    ///   pager answers.
    public func vmoSetStreamSize(_ vmo: Handle, _ size: UInt64) throws(Status) {
        try object(vmo, VMODispatcher.self, rights: .write).setStreamSize(size)
    }

    /// The size of a VMO's content in bytes, as a property.
    ///
    /// `bufferSize` is the room that the caller has for it in C.
    ///
    /// Source: `zx_object_get_property`, `ZX_PROP_VMO_CONTENT_SIZE`.
    ///
    /// - Throws: the handle's status (right `getProperty`), `bufferTooSmall` for fewer than 8
    ///   bytes, `wrongType`.
    public func contentSize(
        _ vmo: Handle,
        bufferSize: Int = MemoryLayout<UInt64>.size
    ) throws(Status) -> UInt64 {
        let object = try object(vmo, rights: .getProperty)
        guard bufferSize >= MemoryLayout<UInt64>.size else { throw .bufferTooSmall }
        guard let vmo = object as? VMODispatcher else { throw .wrongType }
        return vmo.streamSize
    }

    /// Changes the size of a VMO's content, as `vmoSetStreamSize` does.
    ///
    /// `bufferSize` is the number of bytes in which the caller gave it in C.
    ///
    /// Source: `zx_object_set_property`, `ZX_PROP_VMO_CONTENT_SIZE`.
    ///
    /// - Throws: the handle's status (rights `setProperty` and `write`), `bufferTooSmall` for fewer
    ///   than 8 bytes, `wrongType`, `outOfRange` above the VMO's size, what the pager answers.
    public func setContentSize(
        _ vmo: Handle,
        _ size: UInt64,
        bufferSize: Int = MemoryLayout<UInt64>.size
    ) throws(Status) {
        let object = try object(vmo, rights: [.setProperty, .write])
        guard bufferSize >= MemoryLayout<UInt64>.size else { throw .bufferTooSmall }
        guard let vmo = object as? VMODispatcher else { throw .wrongType }
        try vmo.setStreamSize(size)
    }

    /// What is known of a VMO; no right is needed.
    ///
    /// Source: `zx_object_get_info`, `ZX_INFO_VMO`.
    ///
    /// - Throws: `badHandle`, `wrongType`.
    public func vmoInfo(_ vmo: Handle) throws(Status) -> VMOInfo {
        let (vmo, rights) = try objectAndRights(vmo, VMODispatcher.self, rights: [])
        return vmo.info(handleRights: rights)
    }
}
