// What holds for handles to any object: rights, counts, names, and the order of error checks.

import Support
import Testing

@testable import VMCore

/// An object with a name that counts how often its last handle was closed.
private final class Thing: NamedObject {
    let koid = Koid.next()
    let objectType = ObjectType.vmo
    let endings = Counter()
    private let storedName = Guarded(ObjectName(""), rank: .leaf)

    var name: ObjectName {
        get { storedName.withLock { $0 } }
        set { storedName.withLock { $0 = newValue } }
    }

    func lastHandleClosed() { endings.add(1) }
}

@Suite("Handle tables")
struct HandleTableTests {
    private let table: HandleTable
    private let thing = Thing()
    private let handle: Handle
    /// A handle that was closed.
    private let dead: Handle

    init() throws {
        table = HandleTable(arena: try FrameArena(frameCount: 1))
        handle = table.insert(thing, rights: [.duplicate, .read, .inspect, .getProperty])
        dead = table.insert(Thing(), rights: .vmoDefault)
        try table.close(dead)
    }

    private func rights(of handle: Handle) throws -> Rights { try table.basicInfo(handle).rights }

    @Test("a right has its bit of zircon/rights.h")
    func rightBits() {
        let rights: [(Rights, Int)] = [
            (.duplicate, 0), (.transfer, 1), (.read, 2), (.write, 3), (.execute, 4), (.map, 5),
            (.getProperty, 6), (.setProperty, 7), (.enumerate, 8), (.destroy, 9),
            (.setPolicy, 10), (.getPolicy, 11), (.signal, 12), (.signalPeer, 13), (.wait, 14),
            (.inspect, 15), (.manageJob, 16), (.manageProcess, 17), (.manageThread, 18),
            (.applyProfile, 19), (.manageSocket, 20), (.opChildren, 21), (.resize, 22),
            (.attachVMO, 23), (.manageVMO, 24), (.sameRights, 31),
        ]
        for (right, bit) in rights { #expect(right.rawValue == 1 << bit, "bit \(bit)") }
    }

    @Test("a live handle has its two low bits set, and none is given twice")
    func handleValues() throws {
        var seen: Set<Handle> = [handle, dead]
        for _ in 0..<100 {
            let next = table.insert(thing, rights: [])
            #expect(next.rawValue & 3 == 3)
            #expect(seen.insert(next).inserted)
            try table.close(next)
        }
    }

    @Test("closing the invalid handle is no error, closing a dead one is")
    func close() throws {
        try table.close(.invalid)
        #expect(throws: Status.badHandle) { try table.close(dead) }
        #expect(throws: Status.badHandle) { try table.close(Handle(rawValue: 3 << 2)) }
        #expect(table.count == 1)
    }

    @Test("closing many closes all that are live, and says if one was not")
    func closeMany() throws {
        let other = try table.duplicate(handle, rights: .sameRights)
        #expect(throws: Status.badHandle) { try table.close([dead, other, .invalid, handle]) }
        #expect(table.count == 0)
        #expect(thing.endings.value == 1)
        let third = table.insert(Thing(), rights: [])
        #expect(throws: Status.badHandle) { try table.close([third, third]) }
        try table.close([.invalid])
        try table.close([])
    }

    @Test("an object learns of its last handle once, and of no other")
    func lastHandle() throws {
        let second = try table.duplicate(handle, rights: [])
        try table.close(handle)
        #expect(thing.endings.value == 0)
        try table.close(second)
        #expect(thing.endings.value == 1)
        #expect(throws: Status.badHandle) { try table.close(second) }
        #expect(thing.endings.value == 1)
    }

    @Test("the end of a table is the end of all its handles")
    func tableEnds() throws {
        let thing = Thing()
        let closed = Thing()
        do {
            let table = HandleTable(arena: try FrameArena(frameCount: 1))
            _ = table.insert(thing, rights: [])
            _ = table.insert(thing, rights: [])
            try table.close(table.insert(closed, rights: []))
            #expect(thing.endings.value == 0)
        }
        #expect(thing.endings.value == 1)
        #expect(closed.endings.value == 1)
    }

    @Test("duplicate: the handle, its right to be duplicated, the rights wanted")
    func duplicate() throws {
        #expect(throws: Status.badHandle) { try table.duplicate(dead, rights: .write) }
        #expect(throws: Status.invalidArgs) { try table.duplicate(handle, rights: .write) }
        #expect(throws: Status.invalidArgs) {
            try table.duplicate(handle, rights: [.read, .sameRights])
        }
        let reader = try table.duplicate(handle, rights: .read)
        #expect(try rights(of: reader) == .read)
        #expect(throws: Status.accessDenied) { try table.duplicate(reader, rights: .write) }
        #expect(throws: Status.accessDenied) { try table.duplicate(reader, rights: .sameRights) }
        let same = try table.duplicate(handle, rights: .sameRights)
        #expect(try rights(of: same) == rights(of: handle))
        let nothing = try table.duplicate(handle, rights: [])
        #expect(try rights(of: nothing) == [])
    }

    @Test("replace needs no right, and closes the old handle whatever rights are wanted")
    func replace() throws {
        #expect(throws: Status.badHandle) { try table.replace(dead, rights: .write) }
        let reader = try table.replace(handle, rights: .read)
        #expect(reader != handle)
        #expect(throws: Status.badHandle) { try table.replace(handle, rights: .sameRights) }
        #expect(try rights(of: reader) == .read)
        let same = try table.replace(reader, rights: .sameRights)
        #expect(try rights(of: same) == .read)
        #expect(thing.endings.value == 0)
        #expect(throws: Status.invalidArgs) { try table.replace(same, rights: [.read, .write]) }
        #expect(throws: Status.badHandle) { try table.close(same) }
        #expect(table.count == 0)
        #expect(thing.endings.value == 1)
    }

    @Test("basic info needs no right")
    func basicInfo() throws {
        let nothing = try table.duplicate(handle, rights: [])
        #expect(
            try table.basicInfo(nothing)
                == HandleBasicInfo(koid: thing.koid, rights: [], type: .vmo, relatedKoid: .invalid)
        )
        #expect(throws: Status.badHandle) { try table.basicInfo(dead) }
        #expect(throws: Status.badHandle) { try table.basicInfo(.invalid) }
        #expect(ObjectType.port.rawValue == 6)
        #expect(ObjectType.vmar.rawValue == 18)
        #expect(ObjectType.pmt.rawValue == 26)
        #expect(Koid.invalid.rawValue == 0)
    }

    @Test("the handle count is the object's, and needs the right to inspect")
    func handleCount() throws {
        #expect(try table.handleCount(handle) == 1)
        let second = try table.duplicate(handle, rights: .read)
        _ = table.insert(Thing(), rights: [])
        #expect(try table.handleCount(handle) == 2)
        #expect(throws: Status.accessDenied) { try table.handleCount(second) }
        try table.close(second)
        #expect(throws: Status.badHandle) { try table.handleCount(second) }
        #expect(try table.handleCount(try table.replace(handle, rights: .inspect)) == 1)
    }

    @Test("a name is cut at its first NUL and at 31 bytes")
    func names() {
        let long = [UInt8](repeating: 97, count: 40)
        #expect(ObjectName(long).bytes == Array(long.prefix(31)))
        #expect(ObjectName(long.prefix(31)).padded == Array(long.prefix(31)) + [0])
        #expect(ObjectName([1, 255, 0, 7]).bytes == [1, 255])
        #expect(ObjectName([0, 7]) == ObjectName(""))
        #expect(ObjectName("").padded == [UInt8](repeating: 0, count: 32))
        #expect(ObjectName("blob").padded.prefix(5) == [98, 108, 111, 98, 0])
    }

    @Test("name and set name: the handle, the right, the room, then whether there are names")
    func nameChecks() throws {
        let writer = table.insert(thing, rights: .setProperty)
        let nameless = table.insert(Port(), rights: [.getProperty, .setProperty])
        #expect(throws: Status.badHandle) { try table.name(dead, bufferSize: 0) }
        #expect(throws: Status.accessDenied) { try table.name(writer, bufferSize: 0) }
        #expect(throws: Status.bufferTooSmall) { try table.name(nameless, bufferSize: 31) }
        #expect(throws: Status.wrongType) { try table.name(nameless) }
        #expect(throws: Status.badHandle) { try table.setName(dead, ObjectName("x")) }
        #expect(throws: Status.accessDenied) { try table.setName(handle, ObjectName("x")) }
        #expect(throws: Status.wrongType) { try table.setName(nameless, ObjectName("x")) }
        #expect(try table.name(handle) == ObjectName(""))
        try table.setName(writer, ObjectName("pages"))
        #expect(try table.name(handle, bufferSize: 32) == ObjectName("pages"))
    }
}
