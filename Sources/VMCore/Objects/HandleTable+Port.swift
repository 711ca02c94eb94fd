public import Support

/// `ZX_PORT_BIND_TO_INTERRUPT`: the port may also take interrupts, of which there are none here.
private let bindToInterrupt: UInt32 = 1

extension HandleTable {
    /// Makes a port, and a handle to it.
    ///
    /// Source: `zx_port_create`.
    ///
    /// - Throws: `invalidArgs` if `options` is neither 0 nor `ZX_PORT_BIND_TO_INTERRUPT`.
    public func portCreate(options: UInt32) throws(Status) -> Handle {
        guard options == 0 || options == bindToInterrupt else { throw .invalidArgs }
        return insert(Port(), rights: .portDefault)
    }

    /// Sends a program's packet to a port; the packet's type does not matter.
    ///
    /// Source: `zx_port_queue`.
    ///
    /// - Throws: the handle's status (right `write`), what `Port.queue` throws.
    public func portQueue(_ port: Handle, _ packet: PortPacket) throws(Status) {
        try object(port, Port.self, rights: .write).queue(packet)
    }

    /// Takes the first packet out of a port, and waits for one until `deadline`: nanoseconds of
    /// the monotonic clock, `Int64.max` for ever.
    ///
    /// The wait goes on when the handle is closed meanwhile.
    ///
    /// Source: `zx_port_wait`.
    ///
    /// - Throws: the handle's status (right `read`), `timedOut`.
    public func portWait(_ port: Handle, deadline: Int64) throws(Status) -> PortPacket {
        try object(port, Port.self, rights: .read).wait(until: deadline)
    }

    /// Takes every packet with `key` out of a port, from whomever.
    ///
    /// Source: `zx_port_cancel_key`.
    ///
    /// - Throws: `invalidArgs` if `options` is not 0, before the handle is looked at; the handle's
    ///   status (right `write`), `notFound` if there was no such packet.
    public func portCancelKey(_ port: Handle, options: UInt32, key: UInt64) throws(Status) {
        guard options == 0 else { throw .invalidArgs }
        try object(port, Port.self, rights: .write).cancel(key: key)
    }
}
