import Support

@testable import VMCore

/// A VMO of one page, with a pager that answers what calls ask for.
final class SingleSlot: Sendable {
    let arena: FrameArena
    let table: HandleTable
    let object: VirtualMemoryObject
    private let pager: Handle
    private let port: Handle
    private let vmo: Handle
    private let traps: Bool
    private let changes = Guarded(Changes(), rank: .leaf)

    private struct Changes {
        /// Whether the pager answers with failures.
        var refuses = false
        var pins: [Handle] = []
    }

    init(traps: Bool) throws {
        self.traps = traps
        arena = try FrameArena(frameCount: 16)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        port = try table.portCreate(options: 0)
        vmo = try table.pagerCreateVMO(
            pager,
            options: (traps ? VMOOptions([.resizable, .trapDirty]) : .resizable).rawValue,
            port: port,
            key: 1,
            size: pageSize
        )
        let dispatcher = try table.object(vmo, VMODispatcher.self, rights: [])
        guard case .paged(let object) = dispatcher.content else { throw Status.wrongType }
        self.object = object
    }

    /// Brings the slot, which is Empty, into a state.
    func enter(_ state: Character) throws {
        switch state {
        case "M": try supply(nil)
        case "C": try supply(1)
        case "D", "A":
            try supply(1)
            _ = try run("write")
            if state == "A" { try call("begin") }
        case "Z", "B":
            try call("shrink")
            try call("same size")
            if state == "B" { try call("begin zero") }
        case "U": try call("stream size 0")
        default: break
        }
        _ = try table.pagerQueryVMOStats(pager, vmo, options: 1, bufferSize: 4)
        let found = current
        if found != state { throw Status.badState }
    }

    /// Makes the calls of a row, answers what they ask for, and describes what has become of the
    /// slot as a cell of the table does.
    func run(_ names: String) throws -> String {
        let names = names.split(separator: ", ").map(String.init)
        let thread = CallThread { [self] () throws(Status) in
            for name in names { try call(name) }
        }
        var packets = ""
        let deadline = MonotonicClock().now + 30_000_000_000
        while thread.outcome == nil {
            guard MonotonicClock().now < deadline else { return "hangs after \(packets)" }
            packets += try answerPackets(until: Int64(MonotonicClock().now) + 1_000_000)
        }
        thread.join()
        packets += try answerPackets(until: 0)
        var cell = packets.isEmpty ? "" : packets + ">"
        cell.append(current)
        if object.takeModified(reset: false) { cell += "*" }
        if case .failure(let status) = thread.outcome { cell += "!\(status.rawValue)" }
        return cell
    }

    /// The state of the slot.
    private var current: Character {
        guard object.size > 0 else { return "x" }
        switch object.slot(0) {
        case .empty: return "E"
        case .marker: return "M"
        case .page(.clean): return "C"
        case .page(.dirty): return "D"
        case .page(.awaitingClean): return "A"
        case .dirtyZero:
            let isBegun = object.zeroIntervals.contains { $0.awaitingCleanLength > 0 }
            return isBegun ? "B" : "Z"
        case .untracked: return "U"
        }
    }

    /// Reads packets until there is none any more, and answers them; returns their letters.
    private func answerPackets(until deadline: Int64) throws -> String {
        var letters = ""
        while let packet = try? table.portWait(port, deadline: deadline) {
            guard let request = packet.pageRequest else { throw Status.badState }
            let refuses = changes.withLock { $0.refuses }
            switch request.command {
            case .complete:
                continue
            case .read:
                letters += "R"
                if refuses { try call("fail") } else { try supply(2) }
            case .dirty:
                letters += "D"
                try call(refuses ? "fail" : "op dirty")
            }
        }
        return letters
    }

    private func supply(_ byte: UInt8?) throws(Status) {
        let aux = try table.vmoCreate(size: pageSize, options: 0)
        defer { try? table.close(aux) }
        if let byte {
            let bytes = [UInt8](repeating: byte, count: Int(pageSize))
            try table.vmoWrite(aux, offset: 0, bytes: bytes)
        }
        try table.pagerSupplyPages(
            pager,
            vmo,
            offset: 0,
            length: pageSize,
            auxVMO: aux,
            auxOffset: 0
        )
    }

    private func operate(_ operation: PagerOperation, data: UInt64 = 0) throws(Status) {
        try table.pagerOpRange(
            pager,
            operation.rawValue,
            vmo,
            offset: 0,
            length: pageSize,
            data: data
        )
    }

    private func pin(_ options: UInt32) throws(Status) {
        let pin = try table.vmoPin(vmo, options: options, offset: 0, size: pageSize)
        changes.withLock { $0.pins.append(pin) }
    }

    /// Makes one of the calls of the table.
    private func call(_ name: String) throws(Status) {
        switch name {
        case "read": _ = try table.vmoRead(vmo, offset: 0, length: pageSize)
        case "prefetch": try table.vmoOpRange(vmo, 14, offset: 0, size: pageSize)
        case "always need": try table.vmoOpRange(vmo, 13, offset: 0, size: pageSize)
        case "do not need": try table.vmoOpRange(vmo, 12, offset: 0, size: pageSize)
        case "commit": try table.vmoOpRange(vmo, 1, offset: 0, size: pageSize)
        case "write": try table.vmoWrite(vmo, offset: 8, bytes: [3])
        case "write from nowhere":
            try unsafe table.vmoWrite(vmo, offset: 8, length: 1) { _ in 0 }
        case "zero": try table.vmoOpRange(vmo, 10, offset: 0, size: pageSize)
        case "zero part": try table.vmoOpRange(vmo, 10, offset: 100, size: pageSize - 100)
        case "pin": try pin(1)
        case "pin for write": try pin(2)
        case "unpin":
            for pin in changes.withLock({ $0.pins }) { try table.pmtUnpin(pin) }
        case "shrink": try table.vmoSetSize(vmo, 0)
        case "same size": try table.vmoSetSize(vmo, pageSize)
        case "grow": try table.vmoSetSize(vmo, 2 * pageSize)
        case "size in page": try table.vmoSetSize(vmo, 100)
        case "stream size 0": try table.vmoSetStreamSize(vmo, 0)
        case "stream size in page": try table.vmoSetStreamSize(vmo, 100)
        case "supply": try supply(1)
        case "supply zeros": try supply(nil)
        case "op dirty": try operate(.dirty)
        case "fail": try operate(.fail, data: UInt64(bitPattern: Int64(Status.io.rawValue)))
        case "begin": try operate(.writebackBegin)
        case "begin zero": try operate(.writebackBegin, data: DirtyRange.isZero)
        case "end": try operate(.writebackEnd)
        case "detach": try table.pagerDetachVMO(pager, vmo)
        case "close pager": try table.close(pager)
        case "evict": _ = object.evictClean(.max)
        case "refuse": changes.withLock { $0.refuses = true }
        default: preconditionFailure("no call \(name)")
        }
    }
}
