// A process in small: handles, a pager with its port, and an address region.

import Support
import SystemPackage
import Testing

@testable import MappedAccess
@testable import VMCore

/// Whether the kernel lets this process map VMOs; says why if not.
enum MappingSupport {
    static let isAvailable: Bool = {
        do throws(Errno) {
            _ = try FaultDescriptor()
            return true
        } catch {
            print("mapped access is skipped: the kernel refuses userfaultfd: \(error)")
            return false
        }
    }()
}

/// What a port said of a page request, in pages.
struct SeenRequest: Equatable {
    var command: PageRequestCommand
    var first: UInt64
    var count: UInt64
}

/// Handles of one process, with a pager and an address region.
final class MappingFixture: Sendable {
    let arena: FrameArena
    let table: HandleTable
    let vmar: Handle
    let region: RootVMAR
    let port: Handle
    let pager: Handle

    init(frames: Int = 1 << 22, isSupported: Bool = true) throws {
        arena = try FrameArena.sparse(frameCountMax: frames)
        table = HandleTable(arena: arena)
        region = try RootVMAR(arena: arena, isSupported: isSupported)
        vmar = table.insert(region, rights: .rootVMARDefault)
        port = try table.portCreate(options: 0)
        pager = try table.pagerCreate(options: 0)
    }

    /// Makes a VMO of the pager.
    func createVMO(
        pages: UInt64,
        trap: Bool = true,
        resizable: Bool = true,
        key: UInt64 = 7
    ) throws -> Handle {
        var options: VMOOptions = []
        if trap { options.insert(.trapDirty) }
        if resizable { options.insert(.resizable) }
        return try table.pagerCreateVMO(
            pager,
            options: options.rawValue,
            port: port,
            key: key,
            size: pages * pageSize
        )
    }

    /// Maps pages of a VMO, for reading and writing unless told otherwise.
    func map(
        _ vmo: Handle,
        page: UInt64 = 0,
        pages: UInt64,
        _ options: MappingOptions = [.read, .write]
    ) throws -> UInt {
        try table.vmarMap(
            vmar,
            options: options.union(.allowFaults).rawValue,
            vmarOffset: 0,
            vmo,
            vmoOffset: page * pageSize,
            length: pages * pageSize
        )
    }

    /// The word with which page `page` of a VMO is filled, as in Zircon's own tests: the page's
    /// words count on from there.
    static func word(_ page: UInt64) -> UInt64 { 7 + page * pageSize / 8 }

    /// Supplies pages with the words of their places, or zeros.
    func supply(_ vmo: Handle, _ first: UInt64, _ count: UInt64, zeros: Bool = false) throws {
        let aux = try table.vmoCreate(size: count * pageSize, options: 0)
        if !zeros {
            let words = count * pageSize / 8
            let bytes = (0..<words).flatMap { index in
                let word = Self.word(first) + index
                return (0..<8).map { UInt8(truncatingIfNeeded: word >> ($0 * 8)) }
            }
            try table.vmoWrite(aux, offset: 0, bytes: bytes)
        }
        try table.pagerSupplyPages(
            pager,
            vmo,
            offset: first * pageSize,
            length: count * pageSize,
            auxVMO: aux,
            auxOffset: 0
        )
        try table.close(aux)
    }

    /// Calls `zx_pager_op_range` on pages.
    func operate(
        _ operation: PagerOperation,
        _ vmo: Handle,
        _ first: UInt64,
        _ count: UInt64,
        data: UInt64 = 0
    ) throws {
        try table.pagerOpRange(
            pager,
            operation.rawValue,
            vmo,
            offset: first * pageSize,
            length: count * pageSize,
            data: data
        )
    }

    /// Fails requests with a status.
    func fail(_ vmo: Handle, _ first: UInt64, _ count: UInt64, _ status: Status) throws {
        let data = UInt64(bitPattern: Int64(status.rawValue))
        try operate(.fail, vmo, first, count, data: data)
    }

    /// The next page request, which comes within reasonable time.
    func nextRequest() throws -> SeenRequest {
        let deadline = Int64(MonotonicClock().now + Access.patience)
        let packet = try table.portWait(port, deadline: deadline)
        let request = try #require(packet.pageRequest)
        return SeenRequest(
            command: request.command,
            first: request.offset / pageSize,
            count: request.length / pageSize
        )
    }

    /// Expects the next page request to be this one.
    func expect(
        _ command: PageRequestCommand,
        _ first: UInt64,
        _ count: UInt64 = 1,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let wanted = SeenRequest(command: command, first: first, count: count)
        #expect(try nextRequest() == wanted, sourceLocation: sourceLocation)
    }

    /// Expects no page request to be there.
    func expectNoRequest(sourceLocation: SourceLocation = #_sourceLocation) {
        #expect(throws: Status.timedOut, sourceLocation: sourceLocation) {
            _ = try table.portWait(port, deadline: 0)
        }
    }

    /// The dirty ranges of a VMO in pages: first, count, and whether they are zeros.
    func dirtyRanges(_ vmo: Handle) throws -> [[UInt64]] {
        let query = try table.object(vmo, VMODispatcher.self, rights: []).paged.queryDirtyRanges(
            offset: 0,
            length: table.vmoGetSize(vmo),
            capacity: 1000,
            countingAvailable: false
        )
        return query.ranges.map { range in
            [range.offset / pageSize, range.length / pageSize, range.options]
        }
    }

    /// Whether the VMO was modified since this was last asked.
    func takeModified(_ vmo: Handle) throws -> Bool {
        try table.pagerQueryVMOStats(pager, vmo, options: 1, bufferSize: 4) == 1
    }

    /// The bytes that the VMO has memory for, and what its info says besides.
    func info(_ vmo: Handle) throws -> VMOInfo { try table.vmoInfo(vmo) }

    /// The first word of a page, through `zx_vmo_read`.
    func readWord(_ vmo: Handle, _ page: UInt64) throws -> UInt64 {
        let bytes = try table.vmoRead(vmo, offset: page * pageSize, length: 8)
        return bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }
}

extension VMODispatcher {
    /// The VMO of a pager.
    var paged: VirtualMemoryObject {
        get throws {
            guard case .paged(let vmo) = content else { throw Status.wrongType }
            return vmo
        }
    }
}

/// The address of page `page` of a mapping at `address`.
func address(_ address: UInt, page: UInt64) -> UInt { address + UInt(page * pageSize) }
