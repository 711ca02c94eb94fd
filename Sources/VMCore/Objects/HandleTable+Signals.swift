public import Support

// Signals of objects. The handle waited on is looked up and the wait begun under one lock: a handle
// that is closed either cancels the wait or is found dead.
extension HandleTable {
    /// Changes the signals with which programs do what they like.
    ///
    /// Source: `zx_object_signal`.
    ///
    /// - Throws: the handle's status (right `signal`), `notSupported` for an object that cannot be
    ///   waited on, `invalidArgs` for a signal that is not a user's.
    public func objectSignal(
        _ handle: Handle,
        clear: Signals,
        set: Signals
    ) throws(Status) {
        guard let signals = try object(handle, rights: .signal).signals else { throw .notSupported }
        guard clear.union(set).isSubset(of: .allUser) else { throw .invalidArgs }
        signals.update(clear: clear, set: set)
    }

    /// Waits until one of `wanted` is active, until `deadline`: nanoseconds of the monotonic
    /// clock, `Int64.max` for ever.
    ///
    /// Closing `handle` ends the wait.
    ///
    /// Source: `zx_object_wait_one`.
    ///
    /// - Throws: the handle's status (right `wait`), `notSupported` for an object that cannot be
    ///   waited on. `timedOut` and `canceled` come in the result, with what was observed.
    public func objectWaitOne(
        _ handle: Handle,
        _ wanted: Signals,
        deadline: Int64
    ) throws(Status) -> SignalWaitResult {
        let wait = SignalWait()
        let signals = try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            let signals = try entries.waitableSignals(handle)
            signals.add(wait, handle: handle, wanted: wanted)
            return signals
        }
        return wait.wait(until: Deadline.limit(deadline)) ?? signals.expire(wait)
    }

    /// Sends a packet with `key` to `port` once one of `wanted` is active.
    ///
    /// The wait ends with its packet, with `portCancel`, and when `handle` is closed.
    ///
    /// Source: `zx_object_wait_async`.
    ///
    /// - Throws: `invalidArgs` for an unknown option or both clocks, before any handle is looked
    ///   at; the port handle's status (right `write`), the handle's (right `wait`), `notSupported`
    ///   for an object that cannot be waited on.
    public func objectWaitAsync(
        _ handle: Handle,
        port: Handle,
        key: UInt64,
        _ wanted: Signals,
        options: UInt32
    ) throws(Status) {
        let options = AsyncWaitOptions(rawValue: options)
        guard options.isValid else { throw .invalidArgs }
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            let port = try entries.objectAndRights(port, Port.self, rights: .write).object
            let signals = try entries.waitableSignals(handle)
            let observer = PortObserver(
                signals,
                handle: handle,
                wanted: wanted,
                port: port,
                key: key,
                options: options
            )
            signals.add(observer, edge: options.contains(.edge))
        }
    }

    /// Ends the waits of a port with `key` through `source`, and takes their packets out.
    ///
    /// Source: `zx_port_cancel`.
    ///
    /// - Throws: the port handle's status (right `write`), that of `source` (right `wait`),
    ///   `notSupported` if it cannot be waited on, `notFound` if there was no wait and no packet.
    public func portCancel(_ port: Handle, source: Handle, key: UInt64) throws(Status) {
        let port = try object(port, Port.self, rights: .write)
        try entries.withLock { (entries: inout HandleEntries) throws(Status) in
            let signals = try entries.waitableSignals(source)
            let hadWait = signals.cancel(source, port: port, key: key)
            let hadPacket = port.cancelSignals(of: source, key: key)
            guard hadWait || hadPacket else { throw .notFound }
        }
    }
}

extension HandleEntries {
    /// The signals of an object that `handle` allows to wait on.
    ///
    /// - Throws: `badHandle`, `accessDenied`, `notSupported`, in this order.
    fileprivate func waitableSignals(_ handle: Handle) throws(Status) -> ObjectSignals {
        guard let signals = try object(handle, rights: .wait).signals else { throw .notSupported }
        return signals
    }
}
