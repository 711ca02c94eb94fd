// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_handle_*: what each gives, and in which order it looks at its arguments, is said at the
// function of the handle table that it calls. So it is in the other files of calls.

public import CZircon
internal import Support
internal import VMCore

/// How many handles are taken from the caller's memory, and closed, at a time.
private let handlesAtATime = 64

/// Closes a handle.
@c @implementation
public func zx_handle_close(_ handle: zx_handle_t) -> zx_status_t {
    status { (table) throws(Status) in try table.close(Handle(rawValue: handle)) }
}

/// Closes handles, each of them even if another one is bad.
@c @implementation
public func zx_handle_close_many(
    _ handles: UnsafePointer<zx_handle_t>?,
    _ count: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address, and ends at the first that nothing is behind.
        var next = unsafe handles
        var rest = count.asSize
        var areAllGood = true
        while rest > 0 {
            var handles = Array(
                repeating: ZX_HANDLE_INVALID,
                count: Int(min(rest, UInt64(handlesAtATime)))
            )
            unsafe try UserMemory.load(&handles, from: next)
            do throws(Status) {
                try table.close(handles.map(Handle.init(rawValue:)))
            } catch {
                areAllGood = false
            }
            rest -= UInt64(handles.count)
            unsafe next = next.map { unsafe $0 + handles.count }
        }
        if !areAllGood { throw .badHandle }
    }
}

/// Makes another handle to the same object.
@c @implementation
public func zx_handle_duplicate(
    _ handle: zx_handle_t,
    _ rights: zx_rights_t,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.duplicate(Handle(rawValue: handle), rights: Rights(rawValue: rights))
    }
}

/// Puts a handle with other rights in the place of one, which is closed in any case.
@c @implementation
public func zx_handle_replace(
    _ handle: zx_handle_t,
    _ rights: zx_rights_t,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.replace(Handle(rawValue: handle), rights: Rights(rawValue: rights))
    }
}
