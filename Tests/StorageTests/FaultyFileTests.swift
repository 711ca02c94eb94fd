import Foundation
import Storage
import Support
import SystemPackage
import TestSupport
import Testing

// The faults themselves: that tests may count on what the decorator says.
struct FaultyFileTests {
    let fixture: StoreFixture
    let file: FaultyFile

    init() throws {
        fixture = try StoreFixture()
        file = FaultyFile(try fixture.makeFile("file").file)
    }

    @Test("without faults it is the file behind, counted")
    func transparent() throws {
        try file.write([1, 2, 3], at: 4096)
        #expect(try file.bytes(at: 4096, count: 8) == [1, 2, 3])
        try file.allocate(ByteRange(0, 10), keepSize: true)
        #expect(try file.makeZero(ByteRange(4096, 4098)).punched == 2)
        try file.setSize(4099)
        try file.sync(dataOnly: true)
        #expect(try file.attributes() == (try file.base.attributes()))
        #expect(try file.dataStart(atOrAfter: 0) == (try file.base.dataStart(atOrAfter: 0)))
        #expect(try file.holeStart(atOrAfter: 0) == (try file.base.holeStart(atOrAfter: 0)))
        #expect(file.writeRefusal == nil)
        #expect(FaultyFile.Operation.allCases.map { file.calls($0) } == [1, 1, 1, 1, 1, 1, 1])
        #expect(FaultyFile.Operation.allCases.map { file.bytes($0) } == [8, 3, 2, 0, 10, 0, 0])
        try file.setTimes(access: .omit, modification: .set(FileTime(seconds: 1)))
        #expect(try file.attributes().modificationTime.seconds == 1)
        #expect(try file.copy(ByteRange(4096, 4099), to: file, at: 0) == 3)
    }

    @Test("outcomes come as scripted, then as always, and a failure does nothing")
    func script() throws {
        file.script(.write, [.ioError, nil])
        file.script(.write, [.noSpace])
        #expect(throws: Errno.ioError) { try file.write([1], at: 0) }
        #expect(try file.attributes().size == 0)
        try file.write([1], at: 0)
        #expect(throws: Errno.noSpace) { try file.write([1], at: 0) }
        try file.write([1], at: 0)
        file.failAlways(.sync, with: .ioError)
        for _ in 0..<2 {
            #expect(throws: Errno.ioError) { try file.sync(dataOnly: false) }
        }
        file.failAlways(.sync, with: nil)
        try file.sync(dataOnly: false)
        #expect(file.calls(.write) == 4)
        #expect(file.bytes(.write) == 2)
    }

    @Test("a gate holds an operation up until it is opened")
    func gate() throws {
        let isReached = DispatchSemaphore(value: 0)
        let isOpen = DispatchSemaphore(value: 0)
        let isDone = DispatchSemaphore(value: 0)
        file.setGate(.write) { range in
            if range == ByteRange(5, 7) { isReached.signal() }
            isOpen.wait()
        }
        let thread = Thread { [file] in
            if (try? file.write([1, 2], at: 5)) != nil { isDone.signal() }
        }
        thread.start()
        isReached.wait()
        #expect(try file.attributes().size == 0)
        isOpen.signal()
        isDone.wait()
        #expect(try file.attributes().size == 7)
        file.setGate(.write, nil)
        try file.write([3], at: 7)
    }

    @Test("the seeded generator repeats itself, and SplitMix64")
    func generator() {
        var first = SeededGenerator(seed: 0)
        // The first values of the published reference for seed 0.
        #expect(first.next() == 0xe220_a839_7b1d_cdaf)
        #expect(first.next() == 0x6e78_9e6a_a1b9_65f4)
        var second = SeededGenerator(seed: 9)
        var third = SeededGenerator(seed: 9)
        #expect(second.bytes(1003) == third.bytes(1003))
        #expect(second.bytes(10) != SeededGenerator(seed: 10).copy(10))
    }
}

extension SeededGenerator {
    fileprivate func copy(_ count: Int) -> [UInt8] {
        var generator = self
        return generator.bytes(count)
    }
}
