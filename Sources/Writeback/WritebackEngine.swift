public import Support
public import SystemPackage
public import VMCore

/// The pager loop: decides when which file is flushed, and when writers wait.
///
/// Three things start a flush of the oldest file, as in Linux: a page older than `dirty_expire`,
/// more dirty bytes than `dirty_background_bytes`, and a shortage of page memory. Explicit flushes
/// (fsync, `vmofs flush`) run on the thread that asks.
///
/// Every dirty page is written back within expire + interval + the time of the I/O: a file enters
/// the queue with the time of its first dirty page, the queue is ordered by that time, and a page
/// dirtied during a flush enters it anew with its own time. A file that cannot be written is tried
/// again apart from the queue and holds up no other.
///
/// Thread safety: any thread.
public final class WritebackEngine: Sendable {
    /// Threads that flush: one waits for the disk while the other prepares its write.
    private static let workerCount = 2

    /// The limits in force.
    public let limits: WritebackLimits
    /// What was written so far.
    public let statistics = WritebackStatistics()

    private let pager: Pager
    private let clock: any TimeSource
    private let events: any PageEventSink
    private let state = Guarded(State(), rank: .writebackQueue)
    private let workers = Guarded<[WorkerThread]>([], rank: .leaf)

    private struct State {
        var queue = FlushQueue()
        var isFrozen = false
        var isStopping = false
        var isShutDown = false
        /// Threads that wait for page memory: while there are any, whatever is dirty is flushed.
        var memoryWaiterCount = 0
        /// Threads that wait for rounds; nobody is woken where there are none.
        var roundWaiterCount = 0
        /// Rounds done so far, by anybody; waiters watch it.
        var roundCount: UInt64 = 0
        /// Failed flushes so far, and the errno of the last.
        var failureCount: UInt64 = 0
        var lastFailure: Errno = .ioError
    }

    /// Makes an engine for the VMOs of `pager`; `start` lets it run.
    public init(
        pager: Pager,
        limits: WritebackLimits,
        clock: any TimeSource = MonotonicClock(),
        events: any PageEventSink = NoEvents()
    ) {
        self.pager = pager
        self.limits = limits
        self.clock = clock
        self.events = events
    }

    /// Starts the pager loop's threads.
    public func start() {
        workers.withLock { workers in
            precondition(workers.isEmpty, "the pager loop runs already")
            for index in 0..<Self.workerCount {
                workers.append(WorkerThread("vmofs-pager-\(index)") { [self] in loop() })
            }
        }
    }

    /// Stops the pager loop and waits for its threads; what is dirty stays dirty.
    public func stop() {
        state.withLock { $0.isStopping = true }
        state.wakeAll()
        let threads = workers.withLock { workers in
            defer { workers = [] }
            return workers
        }
        for thread in threads { thread.join() }
    }

    /// Makes every flush from now on fail (`EIO`), and those that wait for one with it.
    ///
    /// Flushes that are under way end as they would.
    public func shutDown() {
        state.withLock { $0.isShutDown = true }
        state.wakeAll()
    }

    /// Whether background writeback is suspended.
    public var isFrozen: Bool { state.withLock { $0.isFrozen } }

    /// Suspends or resumes background writeback.
    ///
    /// Explicit flushes work all the same, and so does what a shortage of memory starts: while
    /// frozen writers are not held back by `dirty_bytes`, and stop only at the memory's end.
    public func setFrozen(_ isFrozen: Bool) {
        state.withLock { $0.isFrozen = isFrozen }
        state.wakeAll()
    }

    /// Dirty bytes that need memory: data pages that are dirty or awaiting clean.
    public var dirtyBytes: UInt64 {
        let counts = pager.statistics
        let pages = counts.dirtyPages.value + counts.awaitingCleanPages.value
        return UInt64(max(pages, 0)) * pageSize
    }

    // MARK: - Files

    /// Queues a file that has just got its first dirty page since it was last taken from the queue.
    public func enqueue(_ target: any WritebackTarget) {
        let now = clock.now
        state.withLock { $0.queue.add(target, dirtySince: now) }
    }

    /// Flushes a file on this thread and waits; `isSync` is for fsync(2), where latency counts.
    @discardableResult
    public func flush(
        _ target: any WritebackTarget,
        isSync: Bool = false
    ) throws(FlushFailure) -> FlushReport {
        do throws(FlushFailure) {
            if state.withLock({ $0.isShutDown }) {
                throw FlushFailure(errno: .ioError, offset: 0, length: 0)
            }
            return try FileFlush(target, isSync: isSync, events: events).run { report in
                statistics.add(report)
                noteRound()
            }
        } catch {
            statistics.writebackErrors.add(1)
            state.withLock { state in
                state.failureCount += 1
                state.lastFailure = error.errno
            }
            state.wakeAll()
            throw error
        }
    }

    /// Flushes on this thread every file that waits for the pager loop, oldest first; a failing
    /// one stays with the loop.
    public func flushQueued() {
        while let entry = state.withLock({ $0.queue.popOldest() }) {
            flushInBackground(entry)
        }
    }

    private func noteRound() {
        let isAwaited = state.withLock { state in
            state.roundCount += 1
            return state.roundWaiterCount > 0
        }
        if isAwaited { state.wakeAll() }
    }

    // MARK: - Writers

    /// Holds a writer back as long as too much is dirty.
    ///
    /// - Throws: what writeback fails with, once nothing more can be written and the limit is
    ///   reached: waiting would be for ever.
    public func admitWriter(label: @autoclosure () -> String) throws(Errno) {
        let dirty = dirtyBytes
        guard dirty > limits.dirtyBackgroundBytes else { return }
        state.wakeAll()
        let verdict = Throttle.verdict(
            dirty: dirty,
            background: limits.dirtyBackgroundBytes,
            limit: limits.dirtyBytes
        )
        if verdict == .none || isFrozen { return }
        let begin = clock.now
        defer {
            let waited = clock.now - begin
            statistics.throttledNanoseconds.add(Int(waited))
            if events.isListening {
                let fields = ["nanoseconds": String(waited)]
                events.emit(
                    PageEvent(.throttle, file: label(), offset: 0, length: 0, fields: fields)
                )
            }
        }
        guard case .delay(let nanoseconds) = verdict else {
            try waitForWriteback { [self] state in
                state.isFrozen || dirtyBytes < limits.dirtyBytes
            }
            return
        }
        _ = state.wait(until: begin + nanoseconds) { state in state.isFrozen ? true : nil }
    }

    /// Frames for up to `count` pages (one or more), at least one: free ones, else those of evicted
    /// clean pages, else the caller waits for writeback.
    ///
    /// - Throws: what writeback fails with, once no page can be evicted or written.
    public func acquireFrames(_ count: Int) throws(Errno) -> FrameBatch {
        precondition(count > 0, "waiting for \(count) frames")
        while true {
            let isShort = pager.arena.freeCount < count
            // Before the search: what a round leaves clean behind it is there to evict, and no
            // other round may come.
            let rounds = isShort ? state.withLock { $0.roundCount } : nil
            if isShort { evict(max(count, Self.evictionPagesMin)) }
            let batch = pager.arena.take(count)
            if batch.count > 0 { return batch }
            guard let rounds else { continue }
            state.withLock { $0.memoryWaiterCount += 1 }
            defer { state.withLock { $0.memoryWaiterCount -= 1 } }
            state.wakeAll()
            try waitForWriteback { [self] state in
                state.roundCount != rounds || pager.arena.freeCount > 0
            }
        }
    }

    /// Pages evicted at once: a search costs more than the eviction, so it is worth 4 MiB.
    private static let evictionPagesMin = 1024

    private func evict(_ count: Int) {
        let evicted = pager.reclaim(count)
        guard evicted > 0, events.isListening else { return }
        let bytes = UInt64(evicted) * pageSize
        events.emit(PageEvent(.evict, file: "", offset: 0, length: bytes))
    }

    /// Waits until `isSatisfied`, looking again at each round of writeback and every 50 ms: memory
    /// also comes free without writeback, by truncates and deletions.
    ///
    /// - Throws: what writeback failed with, if it failed since and no round succeeded.
    private func waitForWriteback(
        until isSatisfied: @Sendable (borrowing State) -> Bool
    ) throws(Errno) {
        let (rounds, failures) = state.withLock { state in
            state.roundWaiterCount += 1
            return (state.roundCount, state.failureCount)
        }
        defer { state.withLock { $0.roundWaiterCount -= 1 } }
        while true {
            let outcome = state.wait(until: clock.now + 50_000_000) { state -> Errno?? in
                if isSatisfied(state) { return .some(nil) }
                if state.failureCount > failures && state.roundCount == rounds {
                    return .some(state.lastFailure)
                }
                return nil
            }
            guard let outcome else { continue }
            if let errno = outcome { throw errno }
            return
        }
    }

    // MARK: - The loop

    private func loop() {
        while true {
            let now = clock.now
            let deadline = now + limits.writebackIntervalNanoseconds
            let next = state.wait(until: deadline) { [self] state -> FlushQueue.Entry?? in
                if state.isStopping { return .some(nil) }
                guard let entry = takeDue(from: &state) else { return nil }
                return .some(entry)
            }
            guard let next else { continue }
            guard let entry = next else { return }
            flushInBackground(entry)
        }
    }

    /// The file to flush now, if there is one.
    private func takeDue(from state: inout State) -> FlushQueue.Entry? {
        // Frozen or not, a thread that waits for memory must not wait for a person.
        let isShort = state.memoryWaiterCount > 0
        if state.isFrozen && !isShort { return nil }
        let now = clock.now
        _ = state.queue.revive(now: now)
        let isPressed = isShort || dirtyBytes > limits.dirtyBackgroundBytes
        for _ in 0..<state.queue.count {
            guard let oldest = state.queue.oldest else { return nil }
            let isExpired = oldest + limits.dirtyExpireNanoseconds <= now
            guard isPressed || isExpired, let entry = state.queue.popOldest() else { return nil }
            if isPressed || entry.target.isWorthKeeping { return entry }
            // Nobody can read it any more: it is written only to win memory back.
            state.queue.add(entry.target, dirtySince: now)
        }
        return nil
    }

    private func flushInBackground(_ entry: FlushQueue.Entry) {
        entry.target.willFlushInBackground()
        do throws(FlushFailure) {
            try flush(entry.target)
        } catch {
            let now = clock.now
            state.withLock { $0.queue.addFailed(entry, now: now) }
        }
    }
}
