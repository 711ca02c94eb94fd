internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage
internal import VMCore

/// Threads that answer the page faults in the mappings of an address region.
///
/// One of them always waits for the next fault. Who takes one first sees to that, since it may
/// wait for a pager then.
///
/// Thread safety: any thread.
final class FaultService: Sendable {
    private struct Readers {
        var idle = 0
        var isStopped = false
    }

    /// Threads that go on waiting for faults when they have nothing to do.
    ///
    /// One must; with another two threads may fault in turn without a new thread each time, and
    /// each more is woken for nothing at each fault.
    private static let idleMax = 2

    let descriptor: FaultDescriptor
    private let stop: Int32
    private let records = FaultRecords()
    private let readers = Guarded(Readers(), rank: .leaf)
    private let view: @Sendable (UInt) -> MappedView?

    /// Makes a service without threads; `view` gives what is mapped at an address.
    ///
    /// Errors: what userfaultfd(2) and eventfd(2) report.
    init(view: @escaping @Sendable (UInt) -> MappedView?) throws(Errno) {
        descriptor = try FaultDescriptor()
        stop = clinux_event_open()
        guard stop >= 0 else { throw Errno(rawValue: -stop) }
        self.view = view
    }

    deinit {
        close(stop)
    }

    /// Starts the first thread.
    ///
    /// - Throws: `noMemory` if the process can have no more threads.
    func start() throws(Status) {
        if !startReader() { throw .noMemory }
    }

    /// Lets the threads end, each when it has nothing to serve.
    ///
    /// To be called when nothing is mapped any more.
    func end() {
        readers.withLock { readers in readers.isStopped = true }
        clinux_event_set(stop)
    }

    /// Makes who serves faults at `addresses`, where nothing is shown any more, give up.
    func cancel(_ addresses: Range<UInt>) {
        records.cancel(addresses)
    }

    private func startReader() -> Bool {
        readers.withLock { readers in readers.idle += 1 }
        if let thread = WorkerThread.start("page faults", { self.read() }) {
            thread.detach()
            return true
        }
        readers.withLock { readers in readers.idle -= 1 }
        return false
    }

    private func read() {
        // A handler of the program's that touches a mapping would wait for this thread.
        clinux_block_all_signals()
        while true {
            clinux_userfault_wait(descriptor.descriptor, stop)
            if readers.withLock({ $0.isStopped }) { return }
            guard let event = descriptor.next(), let record = records.begin(event) else {
                continue
            }
            let isLast = readers.withLock { readers in
                readers.idle -= 1
                return readers.idle == 0
            }
            // Without another thread the next fault waits until this one is served.
            if isLast { _ = startReader() }
            serve(record)
            let isSurplus = readers.withLock { readers in
                if readers.idle >= Self.idleMax { return true }
                readers.idle += 1
                return false
            }
            if isSurplus { return }
        }
    }

    private func serve(_ record: FaultRecord) {
        let (address, isWrite) = (record.key.address, record.key.isWrite)
        guard let view = view(address) else {
            records.end(record)
            descriptor.wake(address)
            return
        }
        let page = view.page(at: address)
        records.wait(record, for: view.object.memory, server: pthread_self())
        var threads: Set<Int32> = []
        do throws(Status) {
            guard page < view.limit else { throw .outOfRange }
            var isShown = true
            try view.object.memory.fault(
                page,
                isWrite: isWrite,
                isWanted: { record.isWanted },
                install: { frame in
                    threads = records.end(record)
                    isShown = view.object.show(
                        address,
                        page,
                        hasFrame: frame != nil,
                        isWrite: isWrite
                    )
                }
            )
            if !isShown { throw .noMemory }
        } catch {
            threads.formUnion(records.end(record))
            guard record.isWanted else {
                descriptor.wake(address)
                return
            }
            FailedAccess(view: view, address: address, status: error)
                .deliver(to: threads, descriptor)
        }
    }
}
