import CFaultProbe
import Support
import Testing

@testable import MappedAccess
@testable import VMCore

/// How a test gets at the pages of a VMO.
enum Access: CaseIterable, Sendable {
    /// Through vmo_read and vmo_write.
    case calls
    /// Through loads and stores in a mapping.
    case mapping

    /// Whether the kernel lets this process map VMOs.
    static let isMappingSupported = (try? FaultDescriptor()) != nil
    /// The ways that exist here.
    static let available: [Access] = isMappingSupported ? [.calls, .mapping] : [.calls]
}

/// Pages of a VMO mapped into this process, in a small address region of their own: those of all
/// tests that run at once have to fit.
final class TestMapping: Sendable {
    let vmo: TestVMO
    private let address: UInt
    private let vmar: Handle
    private let pages: UInt64

    /// Maps `pages` pages of `vmo` from its page `offset` on, for loads and stores; with
    /// `mapsRange` those that are there at once (`ZX_VM_MAP_RANGE`).
    init(
        _ vmo: TestVMO,
        offset: UInt64 = 0,
        pages: UInt64,
        isWritable: Bool = true,
        mapsRange: Bool = false
    ) throws(Status) {
        self.vmo = vmo
        self.pages = pages
        let region = try RootVMAR(arena: vmo.table.arena, length: 1 << 28)
        vmar = vmo.table.insert(region, rights: .rootVMARDefault)
        address = try vmo.table.vmarMap(
            vmar,
            options: 1 << 12 | (isWritable ? 3 : 1) | (mapsRange ? 1 << 10 : 0),
            vmarOffset: 0,
            vmo.handle,
            vmoOffset: offset * pageSize,
            length: pages * pageSize
        )
    }

    deinit {
        try? vmo.table.vmarUnmap(vmar, address: address, length: pages * pageSize)
        try? vmo.table.close(vmar)
    }

    /// Adds or takes away the permission to store.
    func protect(isWritable: Bool) throws(Status) {
        try vmo.table.vmarProtect(
            vmar,
            options: isWritable ? 3 : 1,
            address: address,
            length: pages * pageSize
        )
    }

    /// Stores into the first word of a page.
    func store(_ page: UInt64, _ value: UInt = 0xABAB_ABAB_ABAB_ABAB) throws(Status) {
        let probe = fault_probe_store(address + UInt(page * pageSize), UInt64(value))
        if probe.outcome != 0 { throw Status(rawValue: probe.outcome) }
    }

    /// Loads the first word of a page.
    func load(_ page: UInt64) throws(Status) -> UInt {
        var value: UInt64 = 0
        let probe = unsafe fault_probe_load(address + UInt(page * pageSize), &value)
        if probe.outcome != 0 { throw Status(rawValue: probe.outcome) }
        return UInt(value)
    }

    /// Starts a thread that stores into pages, one after the other.
    func startStore(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        TestThread { () throws(Status) in
            for page in page..<(page + count) { try self.store(page) }
        }
    }

    /// Starts a thread that loads from pages, one after the other.
    func startLoad(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        TestThread { () throws(Status) in
            for page in page..<(page + count) { _ = try self.load(page) }
        }
    }
}

extension TestVMO {
    /// Starts a thread that writes to the first word of pages, by a call or by stores.
    func startWrite(
        _ page: UInt64,
        _ count: UInt64 = 1,
        via access: Access
    ) throws(Status) -> TestThread {
        switch access {
        case .calls: startWrite(page, count)
        case .mapping: try TestMapping(self, pages: page + count).startStore(page, count)
        }
    }

    /// Starts a thread that reads pages, by a call or by loads.
    func startRead(
        _ page: UInt64,
        _ count: UInt64 = 1,
        via access: Access
    ) throws(Status) -> TestThread {
        switch access {
        case .calls: startRead(page, count)
        case .mapping: try TestMapping(self, pages: page + count).startLoad(page, count)
        }
    }
}
