public import Support

/// The handles of a process: which object and which rights each stands for.
///
/// The calls on objects are extensions in files of their own; each checks its arguments in exactly
/// Zircon's order. A handle is checked whole before the next one: it is live, else `badHandle`; of
/// the right type, else `wrongType`; with the rights, else `accessDenied`.
///
/// The end of a table is the end of the process: its objects learn that their last handle is
/// closed.
///
/// Thread safety: any thread. Lock: `LockRank.handles`.
public final class HandleTable: Sendable {
    private struct Entry {
        var object: any KernelObject
        var rights: Rights
    }

    /// A handle that was taken out of the table, to be finished after the lock.
    private struct Closed {
        var object: any KernelObject
        var isLast: Bool

        /// Tells the object; what else it takes to end one happens when this is dropped.
        func finish() {
            if isLast { object.lastHandleClosed() }
        }
    }

    private struct State {
        var entries: [Handle: Entry] = [:]
        var handleCounts: [Koid: UInt32] = [:]
        var lastIndex: UInt32 = 0

        mutating func insert(_ object: any KernelObject, rights: Rights) -> Handle {
            // The two low bits of a live handle are set, as in Zircon. A number comes back only
            // after a billion others.
            var handle = Handle.invalid
            repeat {
                lastIndex = (lastIndex + 1) & 0x3fff_ffff
                handle = Handle(rawValue: lastIndex << 2 | 3)
            } while entries[handle] != nil
            entries[handle] = Entry(object: object, rights: rights)
            handleCounts[object.koid, default: 0] += 1
            return handle
        }

        mutating func remove(_ handle: Handle) -> Closed? {
            guard let entry = entries.removeValue(forKey: handle) else { return nil }
            let koid = entry.object.koid
            let rest = handleCounts[koid, default: 1] - 1
            handleCounts[koid] = rest == 0 ? nil : rest
            return Closed(object: entry.object, isLast: rest == 0)
        }

        func entry(_ handle: Handle) throws(Status) -> Entry {
            guard let entry = entries[handle] else { throw .badHandle }
            return entry
        }
    }

    /// Where the memory of the process's VMOs comes from.
    public let arena: FrameArena

    private let state = Guarded(State(), rank: .handles)

    /// Makes a table without handles for a process whose VMOs take their frames from `arena`.
    public init(arena: FrameArena) {
        self.arena = arena
    }

    deinit {
        let objects = state.withLock { state in
            defer { state.entries = [:] }
            return state.entries.values.map(\.object)
        }
        var closed: Set<Koid> = []
        for object in objects where closed.insert(object.koid).inserted {
            object.lastHandleClosed()
        }
    }

    /// The number of live handles.
    public var count: Int { state.withLock { $0.entries.count } }

    /// Makes a handle with `rights` to `object`.
    public func insert(_ object: any KernelObject, rights: Rights) -> Handle {
        state.withLock { $0.insert(object, rights: rights) }
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
        guard let closed = state.withLock({ $0.remove(handle) }) else { throw .badHandle }
        closed.finish()
    }

    /// Closes many handles, `Handle.invalid` left out, all that are live.
    ///
    /// Source: `zx_handle_close_many`.
    ///
    /// - Throws: `badHandle` if one is not live; the others are closed nevertheless.
    public func close(_ handles: [Handle]) throws(Status) {
        let wanted = handles.filter { $0 != .invalid }
        let closed = state.withLock { state in wanted.compactMap { state.remove($0) } }
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
        try state.withLock { (state: inout State) throws(Status) in
            let entry = try state.entry(handle)
            guard entry.rights.contains(.duplicate) else { throw .accessDenied }
            guard let rights = entry.rights.reduced(to: rights) else { throw .invalidArgs }
            return state.insert(entry.object, rights: rights)
        }
    }

    /// Puts a new handle with the same or fewer rights in the place of `handle`, which is closed.
    ///
    /// Source: `zx_handle_replace`.
    ///
    /// - Throws: `badHandle`, `invalidArgs` for rights that the handle lacks; it is closed then
    ///   too.
    public func replace(_ handle: Handle, rights: Rights) throws(Status) -> Handle {
        let (new, closed) = try state.withLock { (state: inout State) throws(Status) in
            let entry = try state.entry(handle)
            // Before the old one goes, so that the object keeps a handle.
            let new = entry.rights.reduced(to: rights).map { rights in
                state.insert(entry.object, rights: rights)
            }
            return (new, state.remove(handle))
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
        let (object, held) = try objectAndRights(handle)
        guard held.isSuperset(of: rights) else { throw .accessDenied }
        return object
    }

    /// As `object`, with all the rights of the handle.
    func objectAndRights<Object: KernelObject>(
        _ handle: Handle,
        _ type: Object.Type,
        rights: Rights
    ) throws(Status) -> (object: Object, rights: Rights) {
        let (object, held) = try objectAndRights(handle)
        guard let object = object as? Object else { throw .wrongType }
        guard held.isSuperset(of: rights) else { throw .accessDenied }
        return (object, held)
    }

    /// The object of a handle and the handle's rights.
    ///
    /// - Throws: `badHandle`.
    func objectAndRights(
        _ handle: Handle
    ) throws(Status) -> (object: any KernelObject, rights: Rights) {
        let entry = try state.withLock { (state: inout State) throws(Status) in
            try state.entry(handle)
        }
        return (entry.object, entry.rights)
    }

    /// How many handles there are to the object with `koid`.
    func handleCount(of koid: Koid) -> UInt32 {
        state.withLock { $0.handleCounts[koid, default: 0] }
    }
}
