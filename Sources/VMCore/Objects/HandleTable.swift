public import Support

/// The handles of a process: which object and which rights each stands for.
///
/// The calls on objects are extensions in files of their own; each checks its arguments in exactly
/// Zircon's order. A handle is checked whole before the next one: it is live, else `badHandle`; of
/// the right type, else `wrongType`; with the rights, else `accessDenied`.
///
/// The end of a table is the end of the process: every handle is closed.
///
/// Thread safety: any thread. Lock: `LockRank.handles`.
public final class HandleTable: Sendable {
    /// Where the memory of the process's VMOs comes from.
    public let arena: FrameArena

    let entries = Guarded(HandleEntries(), rank: .handles)

    /// Makes a table without handles for a process whose VMOs take their frames from `arena`.
    public init(arena: FrameArena) {
        self.arena = arena
    }

    deinit {
        let closed = entries.withLock { entries in
            entries.handles.compactMap { entries.remove($0) }
        }
        for handle in closed { handle.finish() }
    }

    /// The number of live handles.
    public var count: Int { entries.withLock { $0.count } }

    /// Makes a handle with `rights` to `object`.
    public func insert(_ object: any KernelObject, rights: Rights) -> Handle {
        entries.withLock { $0.insert(object, rights: rights) }
    }

    /// Closes a handle; `Handle.invalid` is none and no error.
    ///
    /// With its last handle the object goes, unless something else holds it.
    ///
    /// Source: `zx_handle_close`.
    ///
    /// - Throws: `badHandle`.
    public func close(_ handle: Handle) throws(Status) {
        if handle == .invalid { return }
        guard let closed = entries.withLock({ $0.remove(handle) }) else { throw .badHandle }
        closed.finish()
    }

    /// Closes many handles, `Handle.invalid` left out, all that are live.
    ///
    /// Source: `zx_handle_close_many`.
    ///
    /// - Throws: `badHandle` if one is not live; the others are closed nevertheless.
    public func close(_ handles: [Handle]) throws(Status) {
        let wanted = handles.filter { $0 != .invalid }
        let closed = entries.withLock { entries in wanted.compactMap { entries.remove($0) } }
        for handle in closed { handle.finish() }
        if closed.count < wanted.count { throw .badHandle }
    }

    /// Makes another handle to the same object, with the same or fewer rights.
    ///
    /// Source: `zx_handle_duplicate`.
    ///
    /// - Throws: `badHandle`, `accessDenied` without the right `duplicate`, `invalidArgs` for
    ///   rights that the handle lacks.
    public func duplicate(_ handle: Handle, rights: Rights) throws(Status) -> Handle {
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            let entry = try entries.entry(handle)
            guard entry.rights.contains(.duplicate) else { throw .accessDenied }
            guard let rights = entry.rights.reduced(to: rights) else { throw .invalidArgs }
            return entries.insert(entry.object, rights: rights)
        }
    }

    /// Puts a new handle with the same or fewer rights in the place of `handle`, which is closed.
    ///
    /// Source: `zx_handle_replace`.
    ///
    /// - Throws: `badHandle`, `invalidArgs` for rights that the handle lacks; it is closed then
    ///   too.
    public func replace(_ handle: Handle, rights: Rights) throws(Status) -> Handle {
        let (new, closed) = try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            let entry = try entries.entry(handle)
            // Before the old one goes, so that the object keeps a handle.
            let new = entry.rights.reduced(to: rights).map { rights in
                entries.insert(entry.object, rights: rights)
            }
            return (new, entries.remove(handle))
        }
        closed?.finish()
        guard let new else { throw .invalidArgs }
        return new
    }

    /// The object of a handle, if it is of type `Object` and the handle has `rights`.
    ///
    /// - Throws: `badHandle`, `wrongType`, `accessDenied`, in this order.
    public func object<Object: KernelObject>(
        _ handle: Handle,
        _ type: Object.Type,
        rights: Rights
    ) throws(Status) -> Object {
        try objectAndRights(handle, type, rights: rights).object
    }

    /// The object of a handle, of whatever type, if the handle has `rights`.
    ///
    /// - Throws: `badHandle`, `accessDenied`, in this order.
    public func object(_ handle: Handle, rights: Rights) throws(Status) -> any KernelObject {
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            try entries.object(handle, rights: rights)
        }
    }

    /// As `object`, with all the rights of the handle.
    public func objectAndRights<Object: KernelObject>(
        _ handle: Handle,
        _ type: Object.Type,
        rights: Rights
    ) throws(Status) -> (object: Object, rights: Rights) {
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            try entries.objectAndRights(handle, type, rights: rights)
        }
    }
}
