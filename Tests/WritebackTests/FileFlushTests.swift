// Goal: one flush of a file keeps the contract with the core: begin, write, end, only modified
// runs, zeros as holes, and no interleaving loses a page.
// Method: a target in memory whose writes run code of the test in the middle of a round.

import Support
import SystemPackage
import Testing
import VMCore

@testable import Writeback

@Suite("Flush of a file")
struct FileFlushTests {
    private func flush(_ target: MemoryTarget) throws(FlushFailure) -> FlushReport {
        try FileFlush(target, events: NoEvents()).run { _ in }
    }

    private func dirty(_ target: MemoryTarget) throws -> [DirtyRange] {
        try target.vmo.queryDirtyRanges(
            offset: 0,
            length: target.vmo.size,
            capacity: 1000,
            countingAvailable: false
        ).ranges
    }

    @Test("only dirty runs are written, in order, and zeros are made holes")
    func runs() throws {
        let target = try MemoryTarget("a")
        try target.fill(PageRange(2, 4), with: 1)
        try target.fill(PageRange(10, 11), with: 2)
        _ = try target.vmo.zero(PageRange(20, 30))
        let report = try flush(target)
        #expect(report.writtenBytes == 3 * pageSize)
        #expect(report.writtenRuns == 2)
        #expect(report.holes == 1)
        #expect(report.zeroBytes == 10 * pageSize)
        #expect(target.state.withLock { $0.zeroed } == [PageRange(20, 30)])
        #expect(target.byte(ofPage: 2) == 1)
        #expect(target.byte(ofPage: 10) == 2)
        #expect(target.byte(ofPage: 11) == 0xee)
        #expect(try dirty(target).isEmpty)
    }

    @Test("a clean file is flushed without a write")
    func clean() throws {
        let target = try MemoryTarget("a")
        #expect(try flush(target) == FlushReport())
        #expect(target.state.withLock { $0.endCount } == 0)
    }

    @Test("a file larger than a round takes several, each with its own end")
    func severalRounds() throws {
        let pages = FlushPlanner.roundBytesMax / pageSize
        let pager = Pager(arena: try FrameArena(frameCount: Int(pages * 3)))
        let target = try MemoryTarget("a", pager: pager, pageCount: pages * 2 + 5)
        try target.fill(PageRange(0, pages * 2 + 5), with: 7)
        #expect(try flush(target).writtenBytes == (pages * 2 + 5) * pageSize)
        #expect(target.state.withLock { $0.endCount } == 3)
        #expect(try dirty(target).isEmpty)
    }

    @Test("a page zeroed after begin loses nothing: it is a zero range still")
    func zeroedDuringWrite() throws {
        let target = try MemoryTarget("a")
        try target.fill(PageRange(0, 4), with: 1)
        target.state.withLock { state in
            state.onWrite = { [vmo = target.vmo] in
                #expect(throws: Never.self) { _ = try vmo.zero(PageRange(1, 2)) }
            }
        }
        _ = try flush(target)
        target.state.withLock { $0.onWrite = nil }
        #expect(
            try dirty(target) == [
                DirtyRange(offset: pageSize, length: pageSize, options: DirtyRange.isZero)
            ]
        )
        _ = try flush(target)
        #expect(target.byte(ofPage: 1) == 0)
        #expect(try dirty(target).isEmpty)
    }

    @Test("an error ends the round without end: the pages are reported again")
    func failure() throws {
        let target = try MemoryTarget("a")
        try target.fill(PageRange(0, 2), with: 1)
        target.state.withLock { $0.failures = [.noSpace] }
        #expect(throws: FlushFailure(errno: .noSpace, offset: 0, length: 0)) {
            try flush(target)
        }
        #expect(target.state.withLock { $0.endCount } == 0)
        #expect(target.vmo.counts.awaitingClean == 2)
        #expect(try flush(target).writtenBytes == 2 * pageSize)
        #expect(try dirty(target).isEmpty)
    }

    @Test("zeros that join a range whose writeback failed before are not taken for written")
    func failedZerosAreForgotten() throws {
        let target = try MemoryTarget("a")
        _ = try target.vmo.zero(PageRange(1, 6))
        target.state.withLock { $0.zeroFailures = [.ioError] }
        #expect(throws: FlushFailure.self) { try flush(target) }
        // Data in most of it now, written back while a page of it turns to zeros again.
        try target.fill(PageRange(2, 6), with: 3)
        target.state.withLock { state in
            state.onWrite = { [vmo = target.vmo] in
                #expect(throws: Never.self) { _ = try vmo.zero(PageRange(2, 3)) }
            }
        }
        _ = try flush(target)
        target.state.withLock { $0.onWrite = nil }
        #expect(
            try dirty(target) == [
                DirtyRange(offset: 2 * pageSize, length: pageSize, options: DirtyRange.isZero)
            ]
        )
        _ = try flush(target)
        #expect(target.byte(ofPage: 2) == 0)
    }

    @Test("a page written again after begin is not zeroed in the backing file")
    func redirtiedIsNotPunched() throws {
        let target = try MemoryTarget("a")
        try target.fill(PageRange(0, 3), with: 1)
        target.state.withLock { state in
            state.onWrite = { [target] in
                #expect(throws: Never.self) { try target.fill(PageRange(1, 2), with: 2) }
            }
        }
        _ = try flush(target)
        #expect(target.state.withLock { $0.zeroed }.isEmpty)
        #expect(target.byte(ofPage: 1) == 1)
    }

    @Test("a writer that keeps a file growing does not keep its flush going")
    func growingFile() throws {
        let target = try MemoryTarget("a", pageCount: 4)
        try target.fill(PageRange(0, 4), with: 1)
        target.state.withLock { state in
            state.onWrite = { [target] in
                #expect(throws: Never.self) {
                    let end = target.vmo.size / pageSize
                    _ = try target.vmo.resize(to: (end + 1) * pageSize)
                    try target.fill(PageRange(end, end + 1), with: 2)
                    target.state.withLock { state in
                        state.bytes += [UInt8](repeating: 0, count: Int(pageSize))
                    }
                }
            }
        }
        #expect(try flush(target).writtenBytes == 4 * pageSize)
        target.state.withLock { $0.onWrite = nil }
    }
}
