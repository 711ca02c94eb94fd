// Accesses that fail: how the thread sees it, and that it can go on afterwards.
//
// Threads of this process catch the signal (CFaultProbe); where the process is to die it is one of
// its own (MappingVictim). Accesses of the kernel are read(2) and write(2) on a mapping.

import CFaultProbe
import Glibc
import Support
import Testing

@testable import MappedAccess
@testable import VMCore

@Suite("Mapped access: failures", .enabled(if: MappingSupport.isAvailable))
struct FailureTests {
    let fixture: MappingFixture
    let vmo: Handle
    let base: UInt

    init() throws {
        fixture = try MappingFixture()
        vmo = try fixture.createVMO(pages: 8)
        base = try fixture.map(vmo, pages: 8)
    }

    @Test(
        "a failed page request is a SIGBUS with its status, and the next access asks again",
        arguments: [Status.io, .ioDataIntegrity, .badState, .noSpace, .bufferTooSmall]
    )
    func everyStatus(status: Status) throws {
        for page in 0..<2 as Range<UInt64> {
            let reading = Access.load(address(base, page: page) + 24)
            try fixture.expect(.read, page)
            try fixture.fail(vmo, page, 1, status)
            #expect(reading.end() == .failed(status))
        }
        let writing = Access.store(1, at: address(base, page: 1))
        try fixture.expect(.read, 1)
        try fixture.fail(vmo, 1, 1, status)
        #expect(writing.end() == .failed(status))
        #expect(try fixture.dirtyRanges(vmo) == [])
        let reading = Access.load(base)
        try fixture.expect(.read, 0)
        try fixture.supply(vmo, 0, 1)
        #expect(reading.end() == .done(MappingFixture.word(0)))
        fixture.expectNoRequest()
    }

    @Test("a handler that returns makes the access again, as a new request")
    func handlerReturns() throws {
        let base = base
        let reading = Access.other {
            var value: UInt64 = 0
            // SAFETY: the value lives for the call.
            let failures = unsafe fault_probe_stubborn_load(base, &value)
            return UInt64(failures) << 32 | value
        }
        for _ in 0..<3 {
            try fixture.expect(.read, 0)
            try fixture.fail(vmo, 0, 1, .io)
        }
        try fixture.expect(.read, 0)
        try fixture.supply(vmo, 0, 1)
        #expect(reading.end() == .done(3 << 32 | MappingFixture.word(0)))
    }

    @Test("one failure reaches every thread that waits for the page, and only those")
    func manyWaiters() throws {
        let failing = (0..<8).map { _ in Access.load(base) }
        try fixture.expect(.read, 0)
        let other = Access.load(address(base, page: 1))
        try fixture.expect(.read, 1)
        // Each of them is waiting now or will ask by itself.
        var pending = failing
        try fixture.fail(vmo, 0, 1, .io)
        while !pending.isEmpty {
            pending.removeAll { access in
                guard access.isOver else { return false }
                #expect(access.end() == .failed(.io))
                return true
            }
            if let packet = try? fixture.table.portWait(fixture.port, deadline: 0) {
                #expect(packet.pageRequest?.offset == 0)
                try fixture.fail(vmo, 0, 1, .io)
            }
        }
        #expect(!other.isOver)
        try fixture.supply(vmo, 1, 1)
        #expect(other.end() == .done(MappingFixture.word(1)))
    }

    /// Begins read(2) of 100 zeros into the first page; it gives 1000 and the count, or errno.
    private func readZeros() -> Access {
        let base = base
        return Access.other {
            // SAFETY: a literal path; the kernel checks the address.
            let zeros = unsafe open("/dev/zero", O_RDONLY)
            defer { close(zeros) }
            let target = unsafe UnsafeMutableRawPointer(bitPattern: base)
            let count = unsafe read(zeros, target, 100)
            return count < 0 ? UInt64(errno) : 1000 + UInt64(count)
        }
    }

    @Test("a failed read(2) into a mapping is EFAULT, and the next one asks again")
    func kernelAccess() throws {
        for _ in 0..<3 {
            let reading = readZeros()
            try fixture.expect(.read, 0)
            try fixture.fail(vmo, 0, 1, .io)
            #expect(reading.end() == .done(UInt64(EFAULT)))
            awaitNoMark(base)
        }
        let loading = Access.load(base)
        try fixture.expect(.read, 0)
        try fixture.supply(vmo, 0, 1)
        #expect(loading.end() == .done(MappingFixture.word(0)))
        // Now the page is mapped, and it is the DIRTY request that fails.
        for _ in 0..<3 {
            let reading = readZeros()
            try fixture.expect(.dirty, 0)
            try fixture.fail(vmo, 0, 1, .noSpace)
            #expect(reading.end() == .done(UInt64(EFAULT)))
            awaitNoMark(base)
            #expect(load(base) == .done(MappingFixture.word(0)))
        }
        let reading = readZeros()
        try fixture.expect(.dirty, 0)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(reading.end() == .done(1100))
        #expect(load(base) == .done(0))
        #expect(load(base + 104) == .done(MappingFixture.word(0) + 13))
        #expect(try fixture.dirtyRanges(vmo) == [[0, 1, 0]])
        fixture.expectNoRequest()
    }

    @Test("a thread that must wait for the kernel's lock of the mappings sees the failure, too")
    func busyMappings() throws {
        let isOver = Guarded(false, rank: .leaf)
        let threads = (0..<2).map { _ in
            WorkerThread("mappings") {
                while !isOver.withLock({ $0 }) { mapAndUnmap() }
            }
        }
        defer {
            isOver.withLock { $0 = true }
            for thread in threads { thread.join() }
        }
        for _ in 0..<30 {
            let reading = readZeros()
            try fixture.expect(.read, 0)
            try fixture.fail(vmo, 0, 1, .io)
            #expect(reading.end() == .done(UInt64(EFAULT)))
            awaitNoMark(base)
        }
        fixture.expectNoRequest()
    }

    @Test("read(2) and write(2) over several pages ask for each, and the bytes arrive")
    func kernelTransfers() throws {
        let pipe = try Pipe()
        let (base, size) = (base, Int(3 * pageSize))
        let sending = Access.other {
            // SAFETY: the mapping has as many bytes.
            let source = unsafe UnsafeRawPointer(bitPattern: base)
            return UInt64(bitPattern: Int64(unsafe write(pipe.writeEnd, source, size)))
        }
        for page in 0..<3 as Range<UInt64> {
            try fixture.expect(.read, page)
            try fixture.supply(vmo, page, 1)
        }
        #expect(sending.end() == .done(UInt64(size)))
        let receiving = Access.other {
            var count = 0
            while count < size {
                // SAFETY: the mapping has as many bytes behind its fifth page.
                let target = unsafe UnsafeMutableRawPointer(
                    bitPattern: base + UInt(4 * pageSize) + UInt(count)
                )
                let result = unsafe read(pipe.readEnd, target, size - count)
                guard result > 0 else { break }
                count += result
            }
            return UInt64(count)
        }
        for page in 4..<7 as Range<UInt64> {
            try fixture.expect(.read, page)
            try fixture.supply(vmo, page, 1, zeros: true)
            try fixture.expect(.dirty, page)
            try fixture.operate(.dirty, vmo, page, 1)
        }
        #expect(receiving.end() == .done(UInt64(size)))
        for page in 0..<3 as Range<UInt64> {
            let last = address(base, page: page + 5) - 8
            #expect(load(last) == .done(MappingFixture.word(page + 1) - 1))
        }
        #expect(try fixture.dirtyRanges(vmo) == [[4, 3, 0]])
    }

    @Test("a signal that comes while the kernel waits for a page does no harm")
    func signalDuringKernelAccess() throws {
        let base = base
        let zeros = unsafe open("/dev/zero", O_RDONLY)
        defer { close(zeros) }
        let thread = Guarded<pthread_t?>(nil, rank: .leaf)
        signal(SIGURG) { _ in }
        let reading = Access.other {
            var signals = sigset_t()
            // SAFETY: the set lives for the calls.
            unsafe sigemptyset(&signals)
            unsafe sigaddset(&signals, SIGURG)
            unsafe pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            thread.withLock { $0 = pthread_self() }
            thread.wakeAll()
            let target = unsafe UnsafeMutableRawPointer(bitPattern: base)
            return UInt64(bitPattern: Int64(unsafe read(zeros, target, 8)))
        }
        let reader = try #require(thread.wait { $0 })
        try fixture.expect(.read, 0)
        for _ in 0..<3 { pthread_kill(reader, SIGURG) }
        try fixture.supply(vmo, 0, 1)
        try fixture.expect(.dirty, 0)
        pthread_kill(reader, SIGURG)
        try fixture.operate(.dirty, vmo, 0, 1)
        #expect(reading.end() == .done(8))
        fixture.expectNoRequest()
    }

    @Test(
        "a process dies of a failed access, also with SIGBUS blocked or ignored",
        arguments: ["default", "blocked", "ignored"]
    )
    func death(mode: String) {
        #expect(runVictim(mode) == .signal(SIGBUS))
    }

    @Test("a child process does not inherit mappings")
    func childProcess() {
        #expect(runVictim("fork") == .exit(0))
    }

    @Test(
        "a process without privileges can map, except for what the kernel itself accesses",
        .enabled(if: getuid() == 0)
    )
    func unprivileged() {
        #expect(runVictim("unprivileged") == .exit(0))
    }
}

/// Maps a MiB of memory and gives it back, which takes the lock of the process's mappings.
private func mapAndUnmap() {
    let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE
    // SAFETY: the kernel chooses a place that is free, and nobody else learns of it.
    let memory = unsafe mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, flags, -1, 0)
    unsafe munmap(memory, 1 << 20)
}

/// A pipe, closed at the end.
final class Pipe: Sendable {
    let readEnd: Int32
    let writeEnd: Int32

    init() throws {
        var ends: [Int32] = [-1, -1]
        // SAFETY: the array has two elements.
        try #require(unsafe pipe(&ends) == 0)
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }
}
