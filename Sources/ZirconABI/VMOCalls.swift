// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_vmo_* and zx_pmt_unpin.

public import CZircon
internal import Support
internal import VMCore

/// Makes a VMO of zeros.
@c @implementation
public func zx_vmo_create(
    _ size: UInt64,
    _ options: UInt32,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.vmoCreate(size: size, options: options)
    }
}

/// Makes a clone, a slice or a reference of a VMO.
@c @implementation
public func zx_vmo_create_child(
    _ handle: zx_handle_t,
    _ options: UInt32,
    _ offset: UInt64,
    _ size: UInt64,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.vmoCreateChild(
            Handle(rawValue: handle),
            options: options,
            offset: offset,
            size: size
        )
    }
}

/// Reads bytes of a VMO.
@c @implementation
public func zx_vmo_read(
    _ handle: zx_handle_t,
    _ buffer: UnsafeMutableRawPointer?,
    _ offset: UInt64,
    _ length: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address, and no more than `length` bytes come in all.
        var next = unsafe buffer
        let vmo = Handle(rawValue: handle)
        unsafe try table.vmoRead(vmo, offset: offset, length: length.asSize) { bytes in
            let count = unsafe UserMemory.copyOut(bytes, to: next)
            unsafe next = next.map { unsafe $0 + count }
            return count == bytes.count
        }
    }
}

/// Writes bytes of a VMO.
@c @implementation
public func zx_vmo_write(
    _ handle: zx_handle_t,
    _ buffer: UnsafeRawPointer?,
    _ offset: UInt64,
    _ length: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address, and no more than `length` bytes are asked for.
        var next = unsafe buffer
        let vmo = Handle(rawValue: handle)
        unsafe try table.vmoWrite(vmo, offset: offset, length: length.asSize) { bytes in
            let count = unsafe UserMemory.copyIn(bytes, from: next)
            unsafe next = next.map { unsafe $0 + count }
            return count
        }
    }
}

/// Tells the size of a VMO.
@c @implementation
public func zx_vmo_get_size(
    _ handle: zx_handle_t,
    _ size: UnsafeMutablePointer<UInt64>?
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address.
        unsafe try UserMemory.store(try table.vmoGetSize(Handle(rawValue: handle)), to: size)
    }
}

/// Changes the size of a VMO.
@c @implementation
public func zx_vmo_set_size(_ handle: zx_handle_t, _ size: UInt64) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmoSetSize(Handle(rawValue: handle), size)
    }
}

/// Tells the size of a VMO's content in bytes.
@c @implementation
public func zx_vmo_get_stream_size(
    _ handle: zx_handle_t,
    _ size: UnsafeMutablePointer<UInt64>?
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address.
        unsafe try UserMemory.store(try table.vmoGetStreamSize(Handle(rawValue: handle)), to: size)
    }
}

/// Changes the size of a VMO's content.
@c @implementation
public func zx_vmo_set_stream_size(_ handle: zx_handle_t, _ size: UInt64) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmoSetStreamSize(Handle(rawValue: handle), size)
    }
}

/// Does an operation on bytes of a VMO; the only one that would use the buffer, the lock of a
/// discardable VMO, is not supported.
@c @implementation
public func zx_vmo_op_range(
    _ handle: zx_handle_t,
    _ operation: UInt32,
    _ offset: UInt64,
    _ size: UInt64,
    _ buffer: UnsafeMutableRawPointer?,
    _ bufferSize: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.vmoOpRange(Handle(rawValue: handle), operation, offset: offset, size: size)
    }
}

/// Pins pages of a VMO; in Fuchsia this is a call on a device's BTI.
@c @implementation
public func zx_vmo_pin(
    _ vmo: zx_handle_t,
    _ options: UInt32,
    _ offset: UInt64,
    _ size: UInt64,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.vmoPin(Handle(rawValue: vmo), options: options, offset: offset, size: size)
    }
}

/// Ends a pin and closes its handle.
@c @implementation
public func zx_pmt_unpin(_ handle: zx_handle_t) -> zx_status_t {
    status { (table) throws(Status) in try table.pmtUnpin(Handle(rawValue: handle)) }
}
