// Goal: many threads on few files never see a torn page, a lost write or a byte nobody wrote.
// Method: each thread owns stripes of every file and checks them after each step, while others
// truncate elsewhere, flush, evict and read; at the end mount and backing are compared. Also run
// under ThreadSanitizer.

import Storage
import Support
import Synchronization
import SystemPackage
import TestSupport
import Testing
import VMCore
import Writeback

@testable import PagedFileSystem

@Suite("Stress")
struct StressTests {
    private static let threadCount = 4
    private static let stepCount = 300
    private static let stripePages = 16

    @Test("stripes of four writers survive flushes, evictions and a small memory")
    func stripes() throws {
        var limits = WritebackLimits(memoryBytes: 2 << 20)
        limits.dirtyExpireNanoseconds = 1_000_000
        limits.writebackIntervalNanoseconds = 1_000_000
        let fixture = try FileSystemFixture(limits: limits)
        fixture.fileSystem.start()
        defer { fixture.fileSystem.stop() }
        let files = [try fixture.create("a"), try fixture.create("b")]
        let isDone = Atomic(false)
        let disturber = WorkerThread("disturber") {
            while !isDone.load(ordering: .relaxed) {
                _ = fixture.fileSystem.pager.reclaim(64)
                _ = fixture.fileSystem.flushFiles(under: "a")
            }
        }
        let models = Guarded<[[[UInt8]]]>([], rank: .leaf)
        let workers = (0..<Self.threadCount).map { thread in
            WorkerThread("writer-\(thread)") {
                let model = Self.write(files, thread: thread)
                models.withLock { $0.append([[UInt8(thread)]] + model) }
            }
        }
        for worker in workers { worker.join() }
        isDone.store(true, ordering: .relaxed)
        disturber.join()
        #expect(fixture.fileSystem.drain { _, _ in true }.failures.isEmpty)
        for model in models.withLock({ $0 }) {
            let thread = Int(model[0][0])
            for (index, name) in ["a", "b"].enumerated() {
                let backing = try fixture.backing(name)
                let start = thread * Self.stripePages * page
                let stripe = Array(backing.dropFirst(start).prefix(Self.stripePages * page))
                let expected = model[index + 1]
                #expect(Array(expected.prefix(stripe.count)) == stripe, "thread \(thread) \(name)")
                #expect(expected.dropFirst(stripe.count).allSatisfy { $0 == 0 })
            }
        }
        fixture.expectNothingDirty()
    }

    @Test("a time set by hand during writeback is the file's time in BACKING in the end")
    func timesDuringWriteback() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        // The times of an open file wait for writeback.
        file.close()
        let isDone = Atomic(false)
        let flusher = WorkerThread("flusher") {
            while !isDone.load(ordering: .relaxed) { _ = fixture.fileSystem.flushFiles(under: "a") }
        }
        var lost: [Int64] = []
        for step in 1...Int64(10_000) {
            var change = AttributeChange()
            change.size = UInt64(step & 1)
            change.modificationTime = .set(FileTime(seconds: step))
            try file.setAttributes(change)
            _ = fixture.fileSystem.flushFiles(under: "a")
            let attributes = try fixture.fileSystem.store.root.attributes(ofChild: "a")
            if attributes.modificationTime.seconds != step { lost.append(step) }
            // The fixture keeps them all, and with them their descriptors.
            fixture.faulty.withLock { $0.removeAll() }
        }
        isDone.store(true, ordering: .relaxed)
        flusher.join()
        #expect(lost.isEmpty)
    }

    @Test("a file that is looked up while its last writeback ends has its size")
    func sizesOfReturning() throws {
        let fixture = try FileSystemFixture()
        let fileSystem = fixture.fileSystem
        let isDone = Atomic(false)
        let flusher = WorkerThread("flusher") {
            while !isDone.load(ordering: .relaxed) { _ = fileSystem.flushFiles(under: "a") }
        }
        let created = try fixture.create("a")
        created.close()
        var known = created.node
        var lost: [UInt64] = []
        for size in 1...10_000 as ClosedRange<UInt64> {
            let open = try fileSystem.open(known, flags: 2)
            let file = TestFile(fileSystem: fileSystem, node: known, open: open.file)
            try file.write([1], at: size - 1)
            file.close()
            fileSystem.forget(known, count: 1)
            let entry = try fileSystem.lookup("a", in: .root)
            known = entry.node
            if entry.attributes.size != size { lost.append(size) }
            fixture.faulty.withLock { $0.removeAll() }
        }
        isDone.store(true, ordering: .relaxed)
        flusher.join()
        #expect(lost.isEmpty)
    }

    @Test("the time of a write that is written back at once is the file's time in BACKING")
    func timesOfWrites() throws {
        let fixture = try FileSystemFixture()
        let file = try fixture.create("a")
        let isDone = Atomic(false)
        let flusher = WorkerThread("flusher") {
            while !isDone.load(ordering: .relaxed) { _ = fixture.fileSystem.flushFiles(under: "a") }
        }
        var lost: [Int] = []
        for step in 1...10_000 {
            try file.write([UInt8(step & 255)], at: 0)
            _ = fixture.fileSystem.flushFiles(under: "a")
            let attributes = try fixture.fileSystem.store.root.attributes(ofChild: "a")
            if try file.attributes.modificationTime != attributes.modificationTime {
                lost.append(step)
            }
        }
        isDone.store(true, ordering: .relaxed)
        flusher.join()
        #expect(lost.isEmpty)
    }

    /// Writes, zeroes and checks random parts of the thread's stripes; returns what they hold.
    private static func write(_ files: [TestFile], thread: Int) -> [[UInt8]] {
        var generator = SeededGenerator(seed: UInt64(thread) + 77)
        let size = stripePages * page
        let start = UInt64(thread * size)
        var model = [[UInt8]](repeating: [UInt8](repeating: 0, count: size), count: files.count)
        for step in 0..<stepCount {
            let index = Int.random(in: 0..<files.count, using: &generator)
            let offset = Int.random(in: 0..<size, using: &generator)
            let count = Int.random(in: 1...min(size - offset, 5 * page), using: &generator)
            let isZero = Bool.random(using: &generator)
            let bytes = isZero ? [UInt8](repeating: 0, count: count) : generator.bytes(count)
            let comment: Comment = "seed \(generator.seed) step \(step)"
            let written = try? files[index].write(bytes, at: start + UInt64(offset))
            #expect(written == count, comment)
            model[index].replaceSubrange(offset..<offset + count, with: bytes)
            let read = (try? files[index].read(at: start, count: size)) ?? []
            let matches = !read.isEmpty && read == Array(model[index].prefix(read.count))
            #expect(matches, comment)
        }
        return model
    }
}
