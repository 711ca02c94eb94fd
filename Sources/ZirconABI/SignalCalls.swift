// swift-format-ignore-file: AlwaysUseLowerCamelCase
// Signals of objects.

public import CZircon
internal import Support
internal import VMCore

/// Changes an object's user signals.
@c @implementation
public func zx_object_signal(
    _ handle: zx_handle_t,
    _ clear: UInt32,
    _ set: UInt32
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.objectSignal(
            Handle(rawValue: handle),
            clear: Signals(rawValue: clear),
            set: Signals(rawValue: set)
        )
    }
}

/// Waits for a signal of an object; what was observed is told also when none came in time.
@c @implementation
public func zx_object_wait_one(
    _ handle: zx_handle_t,
    _ signals: zx_signals_t,
    _ deadline: zx_instant_mono_t,
    _ observed: UnsafeMutablePointer<zx_signals_t>?
) -> zx_status_t {
    status { (table) throws(Status) in
        let result = try table.objectWaitOne(
            Handle(rawValue: handle),
            Signals(rawValue: signals),
            deadline: deadline
        )
        // SAFETY: `UserMemory` takes any address.
        unsafe try UserMemory.storeIfWanted(result.observed.rawValue, to: observed)
        if let failure = result.failure { throw failure }
    }
}

/// Has a packet sent to a port once a signal of an object is active.
@c @implementation
public func zx_object_wait_async(
    _ handle: zx_handle_t,
    _ port: zx_handle_t,
    _ key: UInt64,
    _ signals: zx_signals_t,
    _ options: UInt32
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.objectWaitAsync(
            Handle(rawValue: handle),
            port: Handle(rawValue: port),
            key: key,
            Signals(rawValue: signals),
            options: options
        )
    }
}
