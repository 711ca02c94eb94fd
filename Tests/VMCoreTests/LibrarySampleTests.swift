// The sample of README.md, "The core as a library", as it stands there.

import Testing
import VMCore

@Suite("Library sample")
struct LibrarySampleTests {
    @Test("the lines of README.md compile, and find the page that was written")
    func sample() throws {
        let table = HandleTable(arena: try FrameArena(frameCount: 1 << 20))
        let port = try table.portCreate(options: 0)
        let pager = try table.pagerCreate(options: 0)
        let size: UInt64 = 32 * 4096
        let vmo = try table.pagerCreateVMO(pager, options: 0, port: port, key: 1, size: size)

        // Supplied in advance; else page requests come to the port: table.portWait.
        let zeros = try table.vmoCreate(size: size, options: 0)
        try table.pagerSupplyPages(
            pager,
            vmo,
            offset: 0,
            length: size,
            auxVMO: zeros,
            auxOffset: 0
        )
        try table.vmoWrite(vmo, offset: 4096, bytes: Array("dirty".utf8))
        let query = try table.pagerQueryDirtyRanges(
            pager,
            vmo,
            offset: 0,
            length: size,
            capacity: 5,
            countingAvailable: true
        )
        for range in query.ranges { print(range.offset, range.length, range.options) }

        #expect(query.ranges == [DirtyRange(offset: 4096, length: 4096)])
        #expect(query.avail == 1)
    }
}
