// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_port_*.

public import CZircon
internal import Support
internal import VMCore

/// Makes a port.
@c @implementation
public func zx_port_create(
    _ options: UInt32,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.portCreate(options: options)
    }
}

/// Puts a packet of the caller's into a port.
@c @implementation
public func zx_port_queue(
    _ handle: zx_handle_t,
    _ packet: UnsafePointer<zx_port_packet_t>?
) -> zx_status_t {
    status { (table) throws(Status) in
        let port = Handle(rawValue: handle)
        // The handle is looked at before the memory.
        _ = try table.object(port, Port.self, rights: .write)
        // SAFETY: `UserMemory` takes any address, and a packet is laid out as in C.
        let empty = PortPacket.user(key: 0)
        try table.portQueue(port, try unsafe UserMemory.load(empty, from: packet))
    }
}

/// Waits for the next packet of a port.
@c @implementation
public func zx_port_wait(
    _ handle: zx_handle_t,
    _ deadline: zx_instant_mono_t,
    _ packet: UnsafeMutablePointer<zx_port_packet_t>?
) -> zx_status_t {
    status { (table) throws(Status) in
        let taken = try table.portWait(Handle(rawValue: handle), deadline: deadline)
        // SAFETY: `UserMemory` takes any address, and a packet is laid out as in C.
        unsafe try UserMemory.store(taken, to: packet)
    }
}

/// Ends the waits of a port for an object's signals, and takes their packets back.
@c @implementation
public func zx_port_cancel(
    _ handle: zx_handle_t,
    _ source: zx_handle_t,
    _ key: UInt64
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.portCancel(
            Handle(rawValue: handle),
            source: Handle(rawValue: source),
            key: key
        )
    }
}

/// Takes back the packets that lie in a port under a key.
@c @implementation
public func zx_port_cancel_key(
    _ handle: zx_handle_t,
    _ options: UInt32,
    _ key: UInt64
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.portCancelKey(Handle(rawValue: handle), options: options, key: key)
    }
}
