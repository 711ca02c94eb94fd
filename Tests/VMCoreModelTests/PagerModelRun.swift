import Glibc
import Support
import Testing

@testable import VMCore

/// One VMO, its pager at a port and threads that use it, and the states in which the oracle says
/// they may be.
final class PagerModelRun {
    static let key: UInt64 = 7
    static let threadsMax = 3

    let arena: FrameArena
    let table: HandleTable
    let pager: Handle
    let port: Handle
    let vmo: Handle
    let object: VirtualMemoryObject
    let traps: Bool
    let seed: UInt64
    var random: SplitMix
    /// Threads may go on in any order, so there may be several.
    var candidates: Set<PagerOracle>
    var calls: [Int: ActiveCall] = [:]
    var lastCall = 0
    /// What the pins that succeeded hold.
    var pins: [Int: PinnedPages] = [:]
    var log: [String] = []
    var packets: [PagerOracle.Packet] = []
    /// What each unit has held since a reader began that is still at work.
    var history: [UInt64: [Set<UInt8>]] = [:]
    /// What writers write: all that are at work at the same time the same.
    var writtenStamp: UInt8 = 1
    var suppliedStamp: UInt8 = 0x80
    var hasFailed = false

    struct PinnedPages {
        var handle: Handle
        var pages: [UInt64]
    }

    /// What a call does to pages, which says what others may run beside it.
    enum Kind {
        /// Changes no content, or to what others write too.
        case shared
        /// Writes zeros.
        case exclusive
    }

    struct ActiveCall {
        let thread: CallThread
        let kind: Kind
        let isReader: Bool
        let pages: Range<UInt64>
        let result: Guarded<CallResult>
    }

    /// What a call brings back.
    struct CallResult {
        var bytes: [UInt8]?
        var pin: Handle?
    }

    init(seed: UInt64, traps: Bool) throws {
        self.seed = seed
        self.traps = traps
        random = SplitMix(state: seed)
        arena = try FrameArena(frameCount: 512)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        port = try table.portCreate(options: 0)
        let size = 6 + UInt64.random(in: 0..<5, using: &random)
        let options: VMOOptions = traps ? [.resizable, .trapDirty] : .resizable
        vmo = try table.pagerCreateVMO(
            pager,
            options: options.rawValue,
            port: port,
            key: Self.key,
            size: size * pageSize
        )
        let dispatcher = try table.object(vmo, VMODispatcher.self, rights: [])
        guard case .paged(let object) = dispatcher.content else { throw Status.wrongType }
        self.object = object
        candidates = [PagerOracle(traps: traps, size: size)]
    }

    func pick(_ bound: UInt64) -> UInt64 { UInt64.random(in: 0..<bound, using: &random) }

    /// One of the states, which all look the same.
    var oracle: PagerOracle {
        candidates.first ?? PagerOracle(traps: traps, size: 0)
    }

    /// Says where a difference was seen.
    var context: Comment {
        let last = log.suffix(12).joined(separator: "\n")
        return "seed \(seed), traps \(traps), step \(log.count):\n\(last)"
    }

    func fail(_ message: String) {
        if !hasFailed { Issue.record("\(message)\n\(context)") }
        hasFailed = true
    }

    // MARK: Steps

    /// Does something that never waits, to the VMO and to the oracle.
    func apply(
        _ name: String,
        _ action: () throws(Status) -> Void,
        _ change: (inout PagerOracle) -> PagerOracle.Outcome
    ) throws {
        log.append(name)
        var outcome = PagerOracle.Outcome.success
        do throws(Status) { try action() } catch { outcome = .failure(error) }
        var next: Set<PagerOracle> = []
        var expected: Set<PagerOracle.Outcome> = []
        for candidate in candidates {
            var state = candidate
            let wanted = change(&state)
            expected.insert(wanted)
            if wanted == outcome { next.formUnion(state.settled()) }
        }
        if next.isEmpty { fail("the outcome is \(outcome), not \(expected)") }
        candidates = next
        try settleAndCompare()
    }

    /// Starts a call in a thread of its own.
    func start(
        _ name: String,
        _ kind: Kind,
        isReader: Bool = false,
        _ pages: Range<UInt64>,
        _ action: @escaping @Sendable (Guarded<CallResult>) throws(Status) -> Void,
        _ begin: (inout PagerOracle, Int) -> Void
    ) throws {
        lastCall += 1
        let id = lastCall
        log.append("call \(id): \(name)")
        var next: Set<PagerOracle> = []
        for candidate in candidates {
            var state = candidate
            begin(&state, id)
            next.formUnion(state.settled())
        }
        candidates = next
        if isReader, !calls.values.contains(where: \.isReader) { history = [:] }
        if isReader { remember() }
        let result = Guarded(CallResult(), rank: .leaf)
        let thread = CallThread { () throws(Status) in try action(result) }
        calls[id] = ActiveCall(
            thread: thread,
            kind: kind,
            isReader: isReader,
            pages: pages,
            result: result
        )
        try settleAndCompare()
    }

    /// Waits until every call is over or waits for pages.
    func settle() throws {
        let deadline = MonotonicClock().now + 30_000_000_000
        while true {
            // In this order: a call that ends in between only makes it wait once more.
            let left = calls.values.count { $0.thread.outcome == nil }
            if object.waitingThreadCount == left { return }
            guard MonotonicClock().now < deadline else {
                fail("\(left) calls are not over, and \(object.waitingThreadCount) wait")
                throw Status.timedOut
            }
            usleep(20)
        }
    }

    private func settleAndCompare() throws {
        try settle()
        let seen = try observe()
        let matching = candidates.filter { $0.observation(packets: packets) == seen }
        if matching.isEmpty, let candidate = candidates.first {
            let expected = candidate.observation(packets: packets)
            fail("of \(candidates.count) states none; \(seen.difference(from: expected))")
        }
        let faults = object.checkInvariants()
        if !faults.isEmpty { fail("\(faults)") }
        candidates = matching
        packets = []
        remember()
        finishCalls()
        guard !hasFailed else { throw Status.ioDataIntegrity }
    }

    /// Notes what the units hold, for the readers.
    private func remember() {
        for page in 0..<oracle.size where oracle.slot(page) != .empty {
            allow(page, oracle.units(page))
        }
    }

    func allow(_ page: UInt64, _ units: [UInt8]) {
        var sets = history[page] ?? [Set<UInt8>](repeating: [], count: units.count)
        for (index, unit) in units.enumerated() { sets[index].insert(unit) }
        history[page] = sets
    }

    /// Takes calls that are over out of the run.
    private func finishCalls() {
        for (id, call) in calls {
            guard let outcome = call.thread.outcome else { continue }
            call.thread.join()
            calls[id] = nil
            let result = call.result.withLock { $0 }
            if let handle = result.pin {
                pins[id] = PinnedPages(handle: handle, pages: Array(call.pages))
            }
            if call.isReader, outcome == .success { checkRead(call, result.bytes ?? []) }
            candidates = Set(
                candidates.map { candidate in
                    var state = candidate
                    state.calls[id] = nil
                    return state
                }
            )
        }
    }

    private func checkRead(_ call: ActiveCall, _ bytes: [UInt8]) {
        guard let contents = bytes.asUnits, contents.count == call.pages.count else {
            return fail("a read gave torn units")
        }
        for (page, units) in zip(call.pages, contents) {
            let allowed = history[page] ?? []
            let isKnown = zip(units, allowed).allSatisfy { unit, values in values.contains(unit) }
            if !isKnown { fail("a read gave \(units) for page \(page), which held \(allowed)") }
        }
    }
}

extension [UInt8] {
    /// The pages in units; nil if a unit does not consist of one value.
    var asUnits: [[UInt8]]? {
        let length = Int(PagerOracle.unitBytes)
        var units: [UInt8] = []
        for start in stride(from: 0, to: count, by: length) {
            guard self[start..<(start + length)].allSatisfy({ $0 == self[start] }) else {
                return nil
            }
            units.append(self[start])
        }
        let perPage = PagerOracle.unitsPerPage
        return stride(from: 0, to: units.count, by: perPage).map { start in
            Array(units[start..<(start + perPage)])
        }
    }
}
