// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_vmar_* and the address space.

public import CZircon
internal import MappedAccess
internal import Support
internal import VMCore

/// The handle to the address space of this process; invalid if there is none.
private let rootVMAR: Handle = {
    guard let handleTable, let vmar = try? RootVMAR(arena: handleTable.arena) else {
        return .invalid
    }
    return handleTable.insert(vmar, rights: .rootVMARDefault)
}()

/// The handle to the address space of this process.
@c @implementation
public func zx_vmar_root_self() -> zx_handle_t { rootVMAR.rawValue }

/// Maps a part of a VMO.
///
/// A mapping whose address cannot be told is taken away again.
@c @implementation
public func zx_vmar_map(
    _ handle: zx_handle_t,
    _ options: zx_vm_option_t,
    _ vmarOffset: Int,
    _ vmo: zx_handle_t,
    _ vmoOffset: UInt64,
    _ length: Int,
    _ mappedAddress: UnsafeMutablePointer<zx_vaddr_t>?
) -> zx_status_t {
    status { (table) throws(Status) in
        let vmar = Handle(rawValue: handle)
        let address = try table.vmarMap(
            vmar,
            options: options,
            vmarOffset: vmarOffset.asSize,
            Handle(rawValue: vmo),
            vmoOffset: vmoOffset,
            length: length.asSize
        )
        do throws(Status) {
            // SAFETY: `UserMemory` takes any address.
            unsafe try UserMemory.store(address, to: mappedAddress)
        } catch {
            try? table.vmarUnmap(vmar, address: address, length: length.asSize)
            throw error
        }
    }
}

/// Takes mappings away.
@c @implementation
public func zx_vmar_unmap(
    _ handle: zx_handle_t,
    _ address: zx_vaddr_t,
    _ length: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmarUnmap(Handle(rawValue: handle), address: address, length: length.asSize)
    }
}

/// Changes what may be done to mapped memory.
@c @implementation
public func zx_vmar_protect(
    _ handle: zx_handle_t,
    _ options: zx_vm_option_t,
    _ address: zx_vaddr_t,
    _ length: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmarProtect(
            Handle(rawValue: handle),
            options: options,
            address: address,
            length: length.asSize
        )
    }
}

/// Does an operation on mapped pages; none uses the buffer.
@c @implementation
public func zx_vmar_op_range(
    _ handle: zx_handle_t,
    _ operation: UInt32,
    _ address: zx_vaddr_t,
    _ size: Int,
    _ buffer: UnsafeMutableRawPointer?,
    _ bufferSize: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmarOpRange(
            Handle(rawValue: handle),
            operation,
            address: address,
            length: size.asSize
        )
    }
}
