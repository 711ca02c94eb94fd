// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_pager_*.

public import CZircon
internal import Support
internal import VMCore

/// Makes a pager.
@c @implementation
public func zx_pager_create(
    _ options: UInt32,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.pagerCreate(options: options)
    }
}

/// Makes a VMO whose page requests come to a port under a key.
@c @implementation
public func zx_pager_create_vmo(
    _ pager: zx_handle_t,
    _ options: UInt32,
    _ port: zx_handle_t,
    _ key: UInt64,
    _ size: UInt64,
    _ out: UnsafeMutablePointer<zx_handle_t>?
) -> zx_status_t {
    // SAFETY: `out` goes to `UserMemory`, which takes any address.
    unsafe statusOfNewHandle(out) { (table) throws(Status) in
        try table.pagerCreateVMO(
            Handle(rawValue: pager),
            options: options,
            port: Handle(rawValue: port),
            key: key,
            size: size
        )
    }
}

/// Ends the pager's service of a VMO.
@c @implementation
public func zx_pager_detach_vmo(_ pager: zx_handle_t, _ vmo: zx_handle_t) -> zx_status_t {
    status { (table) throws(Status) in
        try table.pagerDetachVMO(Handle(rawValue: pager), Handle(rawValue: vmo))
    }
}

/// Moves pages of another VMO to where a pager's VMO has none.
@c @implementation
public func zx_pager_supply_pages(
    _ pager: zx_handle_t,
    _ vmo: zx_handle_t,
    _ offset: UInt64,
    _ length: UInt64,
    _ auxVMO: zx_handle_t,
    _ auxOffset: UInt64
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.pagerSupplyPages(
            Handle(rawValue: pager),
            Handle(rawValue: vmo),
            offset: offset,
            length: length,
            auxVMO: Handle(rawValue: auxVMO),
            auxOffset: auxOffset
        )
    }
}

/// Fails page requests, makes pages dirty, begins or ends a writeback.
@c @implementation
public func zx_pager_op_range(
    _ pager: zx_handle_t,
    _ operation: UInt32,
    _ vmo: zx_handle_t,
    _ offset: UInt64,
    _ length: UInt64,
    _ data: UInt64
) -> zx_status_t {
    status { (table) throws(Status) in
        try table.pagerOpRange(
            Handle(rawValue: pager),
            operation,
            Handle(rawValue: vmo),
            offset: offset,
            length: length,
            data: data
        )
    }
}

/// Reports the dirty ranges of a VMO in a window.
///
/// One consistent snapshot, taken under the VMO's lock into memory of ours and copied out without
/// it: the buffer may be a mapping of this very VMO.
@c @implementation
public func zx_pager_query_dirty_ranges(
    _ pager: zx_handle_t,
    _ vmo: zx_handle_t,
    _ offset: UInt64,
    _ length: UInt64,
    _ buffer: UnsafeMutableRawPointer?,
    _ bufferSize: Int,
    _ actual: UnsafeMutablePointer<Int>?,
    _ avail: UnsafeMutablePointer<Int>?
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: `UserMemory` takes any address.
        let query = try table.pagerQueryDirtyRanges(
            Handle(rawValue: pager),
            Handle(rawValue: vmo),
            offset: offset,
            length: length,
            capacity: Int(bufferSize.asSize / UInt64(MemoryLayout<DirtyRange>.stride)),
            countingAvailable: unsafe avail != nil
        )
        unsafe try UserMemory.store(query.ranges, to: buffer)
        unsafe try UserMemory.storeIfWanted(query.ranges.count, to: actual)
        if let count = query.avail { unsafe try UserMemory.storeIfWanted(count, to: avail) }
    }
}

/// Tells whether a VMO was modified, and perhaps forgets it.
@c @implementation
public func zx_pager_query_vmo_stats(
    _ pager: zx_handle_t,
    _ vmo: zx_handle_t,
    _ options: UInt32,
    _ buffer: UnsafeMutableRawPointer?,
    _ bufferSize: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        let modified = try table.pagerQueryVMOStats(
            Handle(rawValue: pager),
            Handle(rawValue: vmo),
            options: options,
            bufferSize: Int(clamping: bufferSize.asSize)
        )
        // SAFETY: `UserMemory` takes any address.
        unsafe try UserMemory.store(zx_pager_vmo_stats_t(modified: modified), to: buffer)
    }
}
