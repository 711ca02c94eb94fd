// Signals of objects: waits of threads and of ports, and every way in which a wait ends.

import Glibc
import Support
import Testing

@testable import VMCore

/// An object that can be waited on.
private final class Flag: KernelObject {
    let koid = Koid.next()
    let objectType = ObjectType.vmo
    let signals: ObjectSignals? = ObjectSignals(.vmoZeroChildren)
}

private let user0 = Signals(rawValue: 1 << 24)
private let user1 = Signals(rawValue: 1 << 25)
private let user7 = Signals(rawValue: 1 << 31)

@Suite("Signals")
struct SignalTests {
    private let table: HandleTable
    private let flag = Flag()
    private let handle: Handle
    private let port: Handle
    private let pager: Handle

    init() throws {
        table = HandleTable(arena: try FrameArena(frameCount: 1))
        handle = table.insert(flag, rights: [.signal, .wait, .duplicate])
        port = try table.portCreate(options: 0)
        pager = table.insert(Port(), rights: [.signal, .wait])
    }

    private func set(_ signals: Signals) throws(Status) {
        try table.objectSignal(handle, clear: [], set: signals)
    }

    private func clear(_ signals: Signals) throws(Status) {
        try table.objectSignal(handle, clear: signals, set: [])
    }

    private func look(_ wanted: Signals) throws(Status) -> SignalWaitResult {
        try table.objectWaitOne(handle, wanted, deadline: 0)
    }

    private func waitAsync(_ wanted: Signals, key: UInt64 = 7, options: UInt32 = 0) throws(Status) {
        try table.objectWaitAsync(handle, port: port, key: key, wanted, options: options)
    }

    /// The next packet of the port; nil if there is none.
    private func next() -> PortPacket? { try? table.portWait(port, deadline: 0) }

    @Test("signals and wait options have their bits of zircon/types.h")
    func bits() {
        #expect(Signals.vmoZeroChildren.rawValue == 8)
        #expect(Signals.handleClosed.rawValue == 0x80_0000)
        #expect(Signals.allUser.rawValue == 0xff00_0000)
        let packet = PortPacket.signal(key: 1, trigger: user0, observed: user7, timestamp: 5)
        #expect(packet.type == 1)
        #expect(packet.payload == PacketPayload(0x8000_0000_0100_0000, 1, 5, 0))
    }

    @Test("signal: the handle, the right, whether the object can be waited on, the masks")
    func signalChecks() throws {
        let waiter = try table.duplicate(handle, rights: .wait)
        #expect(throws: Status.badHandle) {
            try table.objectSignal(.invalid, clear: user0, set: .vmoZeroChildren)
        }
        #expect(throws: Status.accessDenied) {
            try table.objectSignal(waiter, clear: [], set: .vmoZeroChildren)
        }
        #expect(throws: Status.notSupported) {
            try table.objectSignal(pager, clear: [], set: .vmoZeroChildren)
        }
        #expect(throws: Status.invalidArgs) { try set([user0, .vmoZeroChildren]) }
        #expect(throws: Status.invalidArgs) { try clear(.handleClosed) }
        #expect(flag.signals?.active == .vmoZeroChildren)
        try set([user0, user7])
        #expect(flag.signals?.active == [.vmoZeroChildren, user0, user7])
        try table.objectSignal(handle, clear: [user0, user1], set: user1)
        #expect(flag.signals?.active == [.vmoZeroChildren, user1, user7])
    }

    @Test("wait_one: the handle, the right, whether the object can be waited on")
    func waitChecks() throws {
        let signaller = try table.duplicate(handle, rights: .signal)
        func wait(_ handle: Handle) throws(Status) {
            _ = try table.objectWaitOne(handle, .vmoZeroChildren, deadline: .max)
        }
        #expect(throws: Status.badHandle) { try wait(.invalid) }
        #expect(throws: Status.accessDenied) { try wait(signaller) }
        #expect(throws: Status.notSupported) { try wait(pager) }
        try wait(handle)
    }

    @Test("a wait sees all active signals, and ends at once if one of them is wanted")
    func look() throws {
        try set(user1)
        let active: Signals = [.vmoZeroChildren, user1]
        #expect(try look([user0, user1]) == SignalWaitResult(observed: active, failure: nil))
        #expect(try look(user0) == SignalWaitResult(observed: active, failure: .timedOut))
        #expect(try look([]) == SignalWaitResult(observed: active, failure: .timedOut))
    }

    /// Begins a wait on another thread and returns when it waits.
    private func beginWait(_ wanted: Signals) throws -> (WorkerThread, Guarded<SignalWaitResult?>) {
        let (table, handle) = (table, handle)
        let result = Guarded<SignalWaitResult?>(nil, rank: .leaf)
        let thread = WorkerThread("waiter") {
            let found = try? table.objectWaitOne(handle, wanted, deadline: .max)
            result.withLock { $0 = found }
        }
        let signals = try #require(flag.signals)
        while signals.waiterCount == 0 { sched_yield() }
        return (thread, result)
    }

    @Test("a waiting thread is woken by its signal, also if that is gone at once")
    func pulse() throws {
        let (thread, result) = try beginWait([user0, user7])
        try set(user1)
        try set(user0)
        try clear([user0, user1])
        thread.join()
        let observed: Signals = [.vmoZeroChildren, user0, user1]
        #expect(result.withLock { $0 } == SignalWaitResult(observed: observed, failure: nil))
        #expect(flag.signals?.waiterCount == 0)
    }

    @Test("closing or replacing the handle ends a wait, closing another does not")
    func closeEndsWait() throws {
        let other = try table.duplicate(handle, rights: .sameRights)
        let (thread, result) = try beginWait(user0)
        try table.close(other)
        #expect(flag.signals?.waiterCount == 1)
        _ = try table.replace(handle, rights: .sameRights)
        thread.join()
        let observed: Signals = [.vmoZeroChildren, .handleClosed]
        #expect(result.withLock { $0 } == SignalWaitResult(observed: observed, failure: .canceled))
    }

    @Test("wait_async: options, the port handle, then the handle")
    func waitAsyncChecks() throws {
        let signaller = try table.duplicate(handle, rights: .signal)
        let reader = try table.duplicate(port, rights: .read)
        func wait(_ handle: Handle, _ port: Handle, options: UInt32 = 0) throws(Status) {
            try table.objectWaitAsync(handle, port: port, key: 0, user0, options: options)
        }
        for options in [8, 5, 7, .max] as [UInt32] {
            #expect(throws: Status.invalidArgs) { try wait(.invalid, .invalid, options: options) }
        }
        #expect(throws: Status.badHandle) { try wait(signaller, .invalid) }
        #expect(throws: Status.wrongType) { try wait(.invalid, handle) }
        #expect(throws: Status.accessDenied) { try wait(.invalid, reader) }
        #expect(throws: Status.badHandle) { try wait(.invalid, port) }
        #expect(throws: Status.accessDenied) { try wait(signaller, port) }
        #expect(throws: Status.notSupported) { try wait(pager, port) }
        for options in [0, 1, 2, 3, 4, 6] as [UInt32] { try wait(handle, port, options: options) }
        #expect(flag.signals?.waiterCount == 6)
    }

    @Test("an asynchronous wait gives one packet, at once for an active signal")
    func waitAsync() throws {
        try waitAsync([user0, .vmoZeroChildren])
        let first = PortPacket.signal(
            key: 7,
            trigger: [user0, .vmoZeroChildren],
            observed: .vmoZeroChildren
        )
        #expect(next() == first)
        try waitAsync([user0, user1], key: 8)
        #expect(next() == nil)
        try set(user7)
        #expect(next() == nil)
        try set(user1)
        try set(user0)
        let second = PortPacket.signal(
            key: 8,
            trigger: [user0, user1],
            observed: [.vmoZeroChildren, user1, user7]
        )
        #expect(next() == second)
        #expect(next() == nil)
        #expect(flag.signals?.waiterCount == 0)
    }

    @Test("an edge-triggered wait wants a signal to become active")
    func edge() throws {
        try set(user0)
        try waitAsync(user0, options: 2)
        try set(user0)
        #expect(next() == nil)
        try clear(user0)
        #expect(next() == nil)
        try set(user0)
        #expect(try #require(next()).key == 7)
    }

    @Test("a packet says when it was made, by the clock that was asked for")
    func timestamps() throws {
        let before = MonotonicClock().now
        try waitAsync(.vmoZeroChildren, options: 1)
        let monotonic = try #require(next()).payload.word2
        #expect((before...MonotonicClock().now).contains(monotonic))
        let bootBefore = bootClockNanoseconds()
        try waitAsync(.vmoZeroChildren, options: 4)
        let boot = try #require(next()).payload.word2
        #expect((bootBefore...bootClockNanoseconds()).contains(boot))
        try waitAsync(.vmoZeroChildren)
        #expect(try #require(next()).payload.word2 == 0)
    }

    @Test("port_cancel: the port handle, then the source, then a wait or a packet")
    func cancelChecks() throws {
        let signaller = try table.duplicate(handle, rights: .signal)
        let reader = try table.duplicate(port, rights: .read)
        func cancel(_ port: Handle, _ source: Handle) throws(Status) {
            try table.portCancel(port, source: source, key: 7)
        }
        #expect(throws: Status.badHandle) { try cancel(.invalid, .invalid) }
        #expect(throws: Status.wrongType) { try cancel(handle, .invalid) }
        #expect(throws: Status.accessDenied) { try cancel(reader, .invalid) }
        #expect(throws: Status.badHandle) { try cancel(port, .invalid) }
        #expect(throws: Status.accessDenied) { try cancel(port, signaller) }
        #expect(throws: Status.notSupported) { try cancel(port, pager) }
        #expect(throws: Status.notFound) { try cancel(port, handle) }
    }

    @Test("port_cancel takes waits and packets of one handle and key, and nothing else")
    func cancel() throws {
        let other = try table.duplicate(handle, rights: .sameRights)
        let otherPort = try table.portCreate(options: 0)
        try table.portQueue(port, .user(key: 7))
        try waitAsync(.vmoZeroChildren, key: 7)
        try waitAsync(user0, key: 7)
        try waitAsync(user0, key: 8)
        try table.objectWaitAsync(other, port: port, key: 7, user0, options: 0)
        try table.objectWaitAsync(handle, port: otherPort, key: 7, user0, options: 0)
        try table.portCancel(port, source: handle, key: 7)
        #expect(throws: Status.notFound) { try table.portCancel(port, source: handle, key: 7) }
        try set(user0)
        let keys = [next(), next(), next()].map { $0?.key }
        #expect(keys.first == 7)
        #expect(Set(keys.dropFirst()) == [7, 8])
        #expect(next() == nil)
        #expect(try table.portWait(otherPort, deadline: 0).key == 7)
    }

    @Test("port_cancel_key takes waits of all objects, packets of all kinds")
    func cancelKey() throws {
        try table.portQueue(port, .user(key: 7))
        try waitAsync(.vmoZeroChildren, key: 7)
        try waitAsync(user0, key: 7)
        try waitAsync(user0, key: 8)
        try table.portCancelKey(port, options: 0, key: 7)
        #expect(flag.signals?.waiterCount == 1)
        try set(user0)
        #expect(try #require(next()).key == 8)
        #expect(next() == nil)
        try waitAsync(user1, key: 7)
        try table.portCancelKey(port, options: 0, key: 7)
        #expect(throws: Status.notFound) { try table.portCancelKey(port, options: 0, key: 7) }
    }

    @Test("closing the handle ends its asynchronous waits; a packet that was sent stays")
    func closeCancels() throws {
        let other = try table.duplicate(handle, rights: .sameRights)
        try waitAsync(.vmoZeroChildren, key: 1)
        try waitAsync(user0, key: 2)
        try table.close(handle)
        #expect(flag.signals?.waiterCount == 0)
        try table.objectSignal(other, clear: [], set: user0)
        #expect(try #require(next()).key == 1)
        #expect(next() == nil)
        #expect(throws: Status.notFound) { try table.portCancelKey(port, options: 0, key: 2) }
    }

    @Test("with a port its waits end, and the port goes")
    func portEnds() throws {
        weak let object = try table.object(port, Port.self, rights: [])
        try waitAsync(user0)
        try waitAsync(.vmoZeroChildren)
        #expect(object != nil)
        try table.close(port)
        #expect(object == nil)
        #expect(flag.signals?.waiterCount == 0)
        try set(user0)
    }

    @Test("signals may change under a VMO's lock")
    func ranks() throws {
        try waitAsync(user0)
        let vmo = Guarded(0, rank: .vmo)
        vmo.withLock { _ in flag.signals?.update(clear: .vmoZeroChildren, set: user0) }
        #expect(try #require(next()).key == 7)
    }

    @Test("under threads each asynchronous wait ends once: with a packet or cancelled")
    func stress() throws {
        let keys = 0..<(1000 as UInt64)
        let stopKey = UInt64.max
        let (table, handle, port) = (table, handle, port)
        let isOver = Counter()
        let signaller = WorkerThread("signaller") {
            while isOver.value == 0 {
                try? table.objectSignal(handle, clear: user0, set: [])
                try? table.objectSignal(handle, clear: [], set: user0)
            }
        }
        let read = Guarded<[UInt64]>([], rank: .leaf)
        let reader = WorkerThread("reader") {
            while let key = try? table.portWait(port, deadline: .max).key, key != stopKey {
                read.withLock { $0.append(key) }
            }
        }
        var cancelled: [UInt64] = []
        for key in keys {
            try table.objectWaitAsync(handle, port: port, key: key, user0, options: 2)
            if key % 2 == 0 { sched_yield() }
            let isCancelled =
                if key % 3 == 0 {
                    (try? table.portCancelKey(port, options: 0, key: key)) != nil
                } else {
                    (try? table.portCancel(port, source: handle, key: key)) != nil
                }
            if isCancelled { cancelled.append(key) }
        }
        isOver.set(1)
        signaller.join()
        try table.portQueue(port, .user(key: stopKey))
        reader.join()
        let ended = read.withLock { $0 } + cancelled
        #expect(ended.sorted() == Array(keys))
        #expect(flag.signals?.waiterCount == 0)
    }
}
