internal import Support

/// The handles of a table.
///
/// Lock: the table's. What is taken out is dropped only after the lock, since the end of an object
/// takes locks of its own.
struct HandleEntries {
    /// What a handle stands for.
    struct Entry {
        var object: any KernelObject
        var rights: Rights
    }

    /// A handle that was taken out of the table.
    struct Closed {
        var handle: Handle
        var object: any KernelObject
        var isLast: Bool

        /// Tells the object and those who wait on it.
        ///
        /// To be called with no lock held.
        func finish() {
            object.signals?.cancel(handle)
            if isLast { object.lastHandleClosed() }
        }
    }

    /// By the handle's number, which hashes in half the time that a `Handle` takes.
    private var entries: [UInt32: Entry] = [:]
    private var handleCounts: [Koid: UInt32] = [:]
    private var lastIndex: UInt32 = 0

    /// The number of handles.
    var count: Int { entries.count }

    /// The live handles.
    var handles: [Handle] { entries.keys.map(Handle.init(rawValue:)) }

    /// How many handles there are to the object with `koid`.
    func handleCount(of koid: Koid) -> UInt32 { handleCounts[koid, default: 0] }

    mutating func insert(_ object: any KernelObject, rights: Rights) -> Handle {
        // The two low bits of a live handle are set, as in Zircon. A number comes back only after
        // a billion others.
        var handle = Handle.invalid
        repeat {
            lastIndex = (lastIndex + 1) & 0x3fff_ffff
            handle = Handle(rawValue: lastIndex << 2 | 3)
        } while entries[handle.rawValue] != nil
        entries[handle.rawValue] = Entry(object: object, rights: rights)
        handleCounts[object.koid, default: 0] += 1
        return handle
    }

    mutating func remove(_ handle: Handle) -> Closed? {
        guard let entry = entries.removeValue(forKey: handle.rawValue) else { return nil }
        let koid = entry.object.koid
        let rest = handleCounts[koid, default: 1] - 1
        handleCounts[koid] = rest == 0 ? nil : rest
        return Closed(handle: handle, object: entry.object, isLast: rest == 0)
    }

    /// What a handle stands for.
    ///
    /// - Throws: `badHandle`.
    func entry(_ handle: Handle) throws(Status) -> Entry {
        guard let entry = entries[handle.rawValue] else { throw .badHandle }
        return entry
    }

    /// The object of a handle, of whatever type, if the handle has `rights`.
    ///
    /// - Throws: `badHandle`, `accessDenied`, in this order.
    func object(_ handle: Handle, rights: Rights) throws(Status) -> any KernelObject {
        let entry = try entry(handle)
        guard entry.rights.isSuperset(of: rights) else { throw .accessDenied }
        return entry.object
    }

    /// The object of a handle and all the handle's rights, if they contain `rights`.
    ///
    /// - Throws: `badHandle`, `wrongType`, `accessDenied`, in this order.
    func objectAndRights<Object: KernelObject>(
        _ handle: Handle,
        _ type: Object.Type,
        rights: Rights
    ) throws(Status) -> (object: Object, rights: Rights) {
        let entry = try entry(handle)
        guard let object = entry.object as? Object else { throw .wrongType }
        guard entry.rights.isSuperset(of: rights) else { throw .accessDenied }
        return (object, entry.rights)
    }
}
