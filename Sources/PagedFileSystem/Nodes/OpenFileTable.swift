internal import Support
internal import SystemPackage

/// The open files of a mount by the handle that the kernel uses.
final class OpenFileTable: Sendable {
    private struct Slot {
        var file: OpenFile?
        var generation: UInt32 = 0
    }

    private struct State {
        var slots: [Slot] = []
        var free: [Int] = []
    }

    private let state = Guarded(State(), rank: .namespace)

    func add(_ file: OpenFile) -> OpenFileID {
        state.withLock { state in
            let index = state.free.popLast() ?? state.slots.count
            if index == state.slots.count { state.slots.append(Slot()) }
            state.slots[index].file = file
            let generation = UInt64(state.slots[index].generation)
            return OpenFileID(rawValue: generation << 32 | UInt64(index + 1))
        }
    }

    /// The open file of a handle.
    ///
    /// - Throws: `EBADF` for a handle that is none.
    func file(_ id: OpenFileID) throws(Errno) -> OpenFile {
        let file = state.withLock { state in
            Self.index(of: id, in: state).flatMap { state.slots[$0].file }
        }
        guard let file else { throw .badFileDescriptor }
        return file
    }

    func remove(_ id: OpenFileID) -> OpenFile? {
        state.withLock { state in
            guard let index = Self.index(of: id, in: state) else { return nil }
            let file = state.slots[index].file
            state.slots[index] = Slot(generation: state.slots[index].generation &+ 1)
            state.free.append(index)
            return file
        }
    }

    /// All open files.
    func all() -> [OpenFile] {
        state.withLock { $0.slots.compactMap(\.file) }
    }

    private static func index(of id: OpenFileID, in state: State) -> Int? {
        let index = Int(id.rawValue & 0xffff_ffff) - 1
        guard state.slots.indices.contains(index),
            UInt64(state.slots[index].generation) == id.rawValue >> 32,
            state.slots[index].file != nil
        else { return nil }
        return index
    }
}
