import Support
import Testing

@testable import VMCore

/// What many tests begin with.
extension UserPager {
    /// Makes a VMO whose pages are all supplied.
    func makeSuppliedVMO(
        pages: UInt64,
        trapDirty: Bool = true,
        options: VMOOptions = .resizable
    ) throws(Status) -> TestVMO {
        let vmo = try makeVMO(pages: pages, trapDirty: trapDirty, options: options)
        try supply(vmo, 0, pages)
        return vmo
    }

    /// Writes to pages that are present and not Dirty, and allows it if the VMO asks.
    func write(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        trapDirty: Bool,
        via access: Access = .calls,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let thread = try vmo.startWrite(page, count, via: access)
        if trapDirty {
            let step = access == .calls ? count : 1
            for next in stride(from: page, to: page + count, by: Int(step)) {
                expectDirty(vmo, next, step, sourceLocation: sourceLocation)
                try dirty(vmo, next, step)
            }
        }
        #expect(thread.wait() == nil, sourceLocation: sourceLocation)
    }

    /// Begins a writeback and ends it.
    func writeBack(_ vmo: TestVMO, _ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try begin(vmo, page, count)
        try end(vmo, page, count)
    }

    /// Waits for a packet, and expects it to be this one.
    func expectNext(
        _ command: PageRequestCommand,
        _ vmo: TestVMO,
        _ page: UInt64 = 0,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let deadline = Int64(MonotonicClock().now) + 30_000_000_000
        let packet = try table.portWait(port, deadline: deadline)
        let wanted = PortPacket.pageRequest(
            key: vmo.key,
            command: command,
            offset: page * pageSize,
            length: count * pageSize
        )
        #expect(packet == wanted, sourceLocation: sourceLocation)
    }

    /// Detaches a VMO and takes its last packet.
    func detachAndExpectComplete(
        _ vmo: TestVMO,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        try detach(vmo)
        expect(.complete, vmo, sourceLocation: sourceLocation)
    }

    /// Whether the VMO was modified; does not forget it.
    func isModified(_ vmo: TestVMO) throws(Status) -> Bool {
        try table.pagerQueryVMOStats(pager, vmo.handle, options: 0, bufferSize: 4) == 1
    }

    /// Checks that no pager call is for this VMO: a child, or a VMO without a pager.
    func expectNoPagerCalls(
        _ vmo: TestVMO,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(throws: Status.invalidArgs, sourceLocation: sourceLocation) {
            try expectDirtyRanges(vmo, [])
        }
        #expect(throws: Status.invalidArgs, sourceLocation: sourceLocation) {
            try isModified(vmo)
        }
    }
}

extension TestVMO {
    /// Whether a write of ours is the first thing in a page.
    func isWritten(_ page: UInt64) throws(Status) -> Bool {
        try table.vmoRead(handle, offset: page * pageSize, length: 8).allSatisfy { $0 == 0xAB }
    }

    /// How many threads wait for pages at this moment.
    var blockedThreads: Int {
        get throws { try object.waitingThreadCount }
    }

    /// Starts a thread that commits pages.
    func startCommit(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        TestThread { () throws(Status) in try commit(page, count) }
    }

    /// The first word of a page.
    func firstWord(_ page: UInt64) throws(Status) -> UInt64 {
        try table.vmoRead(handle, offset: page * pageSize, length: 8)
            .reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// Another handle to the VMO.
    func duplicate(rights: Rights = .sameRights) throws(Status) -> TestVMO {
        TestVMO(table: table, handle: try table.duplicate(handle, rights: rights), key: key)
    }
}
