// The calls on ports through handles: each error in its order.

import Support
import Testing

@testable import VMCore

@Suite("Port handles")
struct PortHandleTests {
    private let table: HandleTable
    private let port: Handle
    private let pager: Handle
    private let packet = PortPacket.user(key: 4)

    init() throws {
        table = HandleTable(arena: try FrameArena(frameCount: 1))
        port = try table.portCreate(options: 0)
        pager = try table.pagerCreate(options: 0)
    }

    @Test("a new port has the default rights and no packet")
    func create() throws {
        #expect(throws: Status.invalidArgs) { try table.portCreate(options: 2) }
        #expect(throws: Status.invalidArgs) { try table.portCreate(options: 3) }
        for options in [0, 1] as [UInt32] {
            let port = try table.portCreate(options: options)
            let info = try table.basicInfo(port)
            #expect(info.rights.rawValue == 0x800F)
            #expect(info.type == .port)
            #expect(throws: Status.timedOut) { try table.portWait(port, deadline: 0) }
        }
    }

    @Test("queue needs a port and the right to write")
    func queue() throws {
        let reader = try table.duplicate(port, rights: .read)
        #expect(throws: Status.badHandle) { try table.portQueue(.invalid, packet) }
        #expect(throws: Status.wrongType) { try table.portQueue(pager, packet) }
        #expect(throws: Status.accessDenied) { try table.portQueue(reader, packet) }
        try table.portQueue(port, PortPacket(key: 4, type: 77, payload: PacketPayload()))
        #expect(try table.portWait(reader, deadline: 0) == packet)
    }

    @Test("wait needs a port and the right to read")
    func wait() throws {
        let writer = try table.duplicate(port, rights: .write)
        try table.portQueue(writer, packet)
        #expect(throws: Status.badHandle) { try table.portWait(.invalid, deadline: .max) }
        #expect(throws: Status.wrongType) { try table.portWait(pager, deadline: .max) }
        #expect(throws: Status.accessDenied) { try table.portWait(writer, deadline: .max) }
        #expect(try table.portWait(port, deadline: .max) == packet)
        #expect(throws: Status.timedOut) { try table.portWait(port, deadline: .min) }
    }

    @Test("cancel_key looks at its options, then needs a port, the right to write and a packet")
    func cancelKey() throws {
        let reader = try table.duplicate(port, rights: .read)
        #expect(throws: Status.invalidArgs) {
            try table.portCancelKey(.invalid, options: 1, key: 4)
        }
        #expect(throws: Status.badHandle) { try table.portCancelKey(.invalid, options: 0, key: 4) }
        #expect(throws: Status.wrongType) { try table.portCancelKey(pager, options: 0, key: 4) }
        #expect(throws: Status.accessDenied) { try table.portCancelKey(reader, options: 0, key: 4) }
        #expect(throws: Status.notFound) { try table.portCancelKey(port, options: 0, key: 4) }
        try table.portQueue(port, packet)
        try table.portQueue(port, .user(key: 5))
        try table.portCancelKey(port, options: 0, key: 4)
        #expect(try table.portWait(port, deadline: 0).key == 5)
    }

    @Test("with its last handle a port drops its packets, with another it does not")
    func lastHandle() throws {
        let object = try table.object(port, Port.self, rights: [])
        let second = try table.duplicate(port, rights: .sameRights)
        try table.portQueue(port, packet)
        try table.close(port)
        #expect(try table.portWait(second, deadline: 0) == packet)
        try table.portQueue(second, packet)
        try table.close(second)
        #expect(throws: Status.timedOut) { try object.wait(until: 0) }
        #expect(throws: Status.badHandle) { try object.queue(packet) }
    }
}
