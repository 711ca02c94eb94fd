public import Support

/// The handles of a process: which object and which rights each stands for.
///
/// The calls on pagers and VMOs are extensions in files of their own; each checks its arguments
/// in exactly Zircon's order. A handle is checked whole before the next one: it is live, else
/// `badHandle`; of the right type, else `wrongType`; with the rights, else `accessDenied`.
///
/// Thread safety: any thread.
public final class HandleTable: Sendable {
    private struct Entry {
        var object: any KernelObject
        var rights: Rights
    }

    private struct State {
        var entries: [Handle: Entry] = [:]
        var lastIndex: UInt32 = 0
    }

    private let state = Guarded(State(), rank: .leaf)

    /// Makes a table without handles.
    public init() {}

    /// The number of live handles.
    public var count: Int { state.withLock { $0.entries.count } }

    /// Makes a handle with `rights` to `object`.
    public func insert(_ object: any KernelObject, rights: Rights) -> Handle {
        state.withLock { state in
            // The two low bits of a live handle are set, as in Zircon. A number comes back only
            // after a billion others.
            var handle = Handle.invalid
            repeat {
                state.lastIndex = (state.lastIndex + 1) & 0x3fff_ffff
                handle = Handle(rawValue: state.lastIndex << 2 | 3)
            } while state.entries[handle] != nil
            state.entries[handle] = Entry(object: object, rights: rights)
            return handle
        }
    }

    /// Closes a handle; the object goes with its last one, unless something else holds it.
    ///
    /// Source: `zx_handle_close`.
    ///
    /// - Throws: `badHandle`.
    public func close(_ handle: Handle) throws(Status) {
        // Dropped after the lock: the end of an object takes locks of its own.
        let entry = state.withLock { $0.entries.removeValue(forKey: handle) }
        if entry == nil { throw .badHandle }
    }

    /// Makes another handle to the same object, with the same or fewer rights.
    ///
    /// Source: `zx_handle_duplicate`.
    ///
    /// - Throws: `badHandle`, `accessDenied` without the right `duplicate`, `invalidArgs` for
    ///   rights that the handle lacks.
    public func duplicate(_ handle: Handle, rights: Rights) throws(Status) -> Handle {
        guard let entry = state.withLock({ $0.entries[handle] }) else { throw .badHandle }
        guard entry.rights.contains(.duplicate) else { throw .accessDenied }
        if rights == .sameRights { return insert(entry.object, rights: entry.rights) }
        guard entry.rights.isSuperset(of: rights) else { throw .invalidArgs }
        return insert(entry.object, rights: rights)
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

    /// As `object`, with all the rights of the handle.
    func objectAndRights<Object: KernelObject>(
        _ handle: Handle,
        _ type: Object.Type,
        rights: Rights
    ) throws(Status) -> (object: Object, rights: Rights) {
        guard let entry = state.withLock({ $0.entries[handle] }) else { throw .badHandle }
        guard let object = entry.object as? Object else { throw .wrongType }
        guard entry.rights.isSuperset(of: rights) else { throw .accessDenied }
        return (object, entry.rights)
    }
}
