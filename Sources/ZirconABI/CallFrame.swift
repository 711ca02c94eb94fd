internal import CZircon
internal import Glibc
internal import Support
internal import VMCore

/// The handles of this process; nil if there is no address space for its pages.
///
/// One table and one arena for all calls. The arena takes memory as pages are written: as much as
/// the machine has, besides what is mapped, for which there is 1 TiB of addresses.
let handleTable: HandleTable? = {
    let pageCount = sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE)) / Int(pageSize)
    let arena = try? FrameArena.sparse(
        frameCountMax: Int((1 << 40) / pageSize),
        runFramesMax: max(pageCount, 1)
    )
    return arena.map { HandleTable(arena: $0) }
}()

/// Runs the body of a call and gives its status as a number.
func status(of body: (HandleTable) throws(Status) -> Void) -> zx_status_t {
    guard let handleTable else { return ZX_ERR_NO_MEMORY }
    do throws(Status) {
        try body(handleTable)
        return ZX_OK
    } catch {
        return error.rawValue
    }
}

/// Runs the body of a call that makes a handle, and gives the caller its number.
///
/// A handle whose number has no place to go is closed again: the caller could never do it.
func statusOfNewHandle(
    _ out: UnsafeMutablePointer<zx_handle_t>?,
    _ make: (HandleTable) throws(Status) -> Handle
) -> zx_status_t {
    status { (table) throws(Status) in
        let handle = try make(table)
        do throws(Status) {
            // SAFETY: `UserMemory` takes any address.
            unsafe try UserMemory.store(handle.rawValue, to: out)
        } catch {
            try? table.close(handle)
            throw error
        }
    }
}

extension Int {
    /// A C `size_t`, which Swift shows as a signed number, as what it is.
    var asSize: UInt64 { UInt64(UInt(bitPattern: self)) }
}
