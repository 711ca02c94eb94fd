// Handles to VMOs of every kind, for the tests of the zx_vmo_ calls.

import Support

@testable import VMCore

/// A process with a pager-backed VMO of 8 pages, whose source supplies pages of a pattern, and
/// memory of its own.
struct VMOFixture {
    let table: HandleTable
    let arena: FrameArena
    let source = PatternSource()
    let pager: Handle
    /// Pager-backed, not resizable.
    let fixed: Handle
    /// Pager-backed, resizable.
    let root: Handle
    /// Memory, not resizable.
    let memory: Handle

    init() throws {
        arena = try FrameArena(frameCount: 256)
        table = HandleTable(arena: arena)
        pager = try table.pagerCreate(options: 0)
        fixed = try table.pagerCreateVMO(pager, options: 0, source: source, size: 8 * pageSize)
        root = try table.pagerCreateVMO(
            pager,
            options: VMOOptions.resizable.rawValue,
            source: source,
            size: 8 * pageSize
        )
        memory = try table.vmoCreate(size: 8 * pageSize, options: 0)
    }

    /// A child made with `options`, of pages of its parent.
    func child(
        _ parent: Handle,
        _ options: VMOChildOptions,
        _ pages: PageRange = PageRange(0, 0)
    ) throws(Status) -> Handle {
        try table.vmoCreateChild(
            parent,
            options: options.rawValue,
            offset: pages.bytes.start,
            size: pages.bytes.count
        )
    }

    /// A handle to the same object as `handle` with only `rights`.
    func restricted(_ handle: Handle, _ rights: Rights) throws -> Handle {
        table.insert(try table.object(handle, rights: []), rights: rights)
    }

    func rights(_ handle: Handle) throws(Status) -> Rights {
        try table.basicInfo(handle).rights
    }

    func info(_ handle: Handle) throws(Status) -> VMOInfo {
        try table.vmoInfo(handle)
    }

    /// Fills pages with `byte`.
    func fill(_ vmo: Handle, _ pages: PageRange, with byte: UInt8) throws(Status) {
        try table.vmoWrite(
            vmo,
            offset: pages.bytes.start,
            bytes: [UInt8](repeating: byte, count: Int(pages.bytes.count))
        )
    }

    /// What the first word of each page says.
    func firstWords(_ vmo: Handle, _ pages: PageRange) throws(Status) -> [UInt64] {
        let bytes = try table.vmoRead(
            vmo,
            offset: pages.bytes.start,
            length: pages.bytes.count
        )
        return unsafe bytes.withUnsafeBytes { bytes in
            // SAFETY: the bytes live for the call; `loadUnaligned` checks the bounds.
            stride(from: 0, to: bytes.count, by: Int(pageSize)).map { offset in
                unsafe bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            }
        }
    }

    /// The first word of a page of the pattern.
    func pattern(_ page: UInt64) -> UInt64 { source.key + page * pageSize / 8 }

    /// The VMO of a pager behind a handle.
    func object(_ handle: Handle) throws -> VirtualMemoryObject {
        let dispatcher = try table.object(handle, VMODispatcher.self, rights: [])
        guard case .paged(let vmo) = dispatcher.content else { throw Status.wrongType }
        return vmo
    }
}

/// A word of eight bytes of `byte`.
func word(_ byte: UInt8) -> UInt64 { UInt64(byte) * 0x0101_0101_0101_0101 }
