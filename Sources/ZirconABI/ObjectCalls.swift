// swift-format-ignore-file: AlwaysUseLowerCamelCase
// zx_object_*.

public import CZircon
internal import MappedAccess
internal import Support
internal import VMCore

/// Tells about the object of a handle, or about the handle.
@c @implementation
public func zx_object_get_info(
    _ handle: zx_handle_t,
    _ topic: UInt32,
    _ buffer: UnsafeMutableRawPointer?,
    _ bufferSize: Int,
    _ actual: UnsafeMutablePointer<Int>?,
    _ avail: UnsafeMutablePointer<Int>?
) -> zx_status_t {
    status { (table) throws(Status) in
        let handle = Handle(rawValue: handle)
        // SAFETY: the addresses are the caller's, and go to `UserMemory`.
        let place = unsafe RecordPlace(buffer, bufferSize, actual: actual, avail: avail)
        switch topic {
        case ZX_INFO_HANDLE_VALID:
            _ = try table.object(handle, rights: [])
        case ZX_INFO_HANDLE_BASIC:
            try place.store(zx_info_handle_basic_t(try table.basicInfo(handle)))
        case ZX_INFO_HANDLE_COUNT:
            let count = try table.handleCount(handle)
            try place.store(zx_info_handle_count_t(handle_count: count))
        case ZX_INFO_VMAR:
            let (base, length) = try table.vmarInfo(handle)
            try place.store(zx_info_vmar_t(base: base, len: Int(bitPattern: length)))
        default:
            guard let byteCount = vmoInfoBytes(topic) else { throw .notSupported }
            try place.store(zx_info_vmo_t(try table.vmoInfo(handle)), byteCount: byteCount)
        }
    }
}

/// The size of the version of `zx_info_vmo_t` that a topic means; nil for another topic.
private func vmoInfoBytes(_ topic: UInt32) -> Int? {
    // ZX_INFO_VMO and its versions are macros of a form that Swift does not import.
    switch topic {
    case 23: MemoryLayout<zx_info_vmo_v1_t>.size
    case 23 | 1 << 28: MemoryLayout<zx_info_vmo_v2_t>.size
    case 23 | 2 << 28: MemoryLayout<zx_info_vmo_v3_t>.size
    case 23 | 3 << 28: MemoryLayout<zx_info_vmo_t>.size
    default: nil
    }
}

/// Tells a property of an object.
@c @implementation
public func zx_object_get_property(
    _ handle: zx_handle_t,
    _ property: UInt32,
    _ value: UnsafeMutableRawPointer?,
    _ size: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: the address is the caller's, and goes to `UserMemory`.
        if unsafe value == nil { throw .invalidArgs }
        let handle = Handle(rawValue: handle)
        _ = try table.object(handle, rights: .getProperty)
        let size = Int(clamping: size.asSize)
        switch property {
        case ZX_PROP_NAME:
            let name = try table.name(handle, bufferSize: size)
            unsafe try UserMemory.store(name.padded, to: value)
        case ZX_PROP_VMO_CONTENT_SIZE:
            let content = try table.contentSize(handle, bufferSize: size)
            unsafe try UserMemory.store(content, to: value)
        default:
            throw .notSupported
        }
    }
}

/// Sets a property of an object.
@c @implementation
public func zx_object_set_property(
    _ handle: zx_handle_t,
    _ property: UInt32,
    _ value: UnsafeRawPointer?,
    _ size: Int
) -> zx_status_t {
    status { (table) throws(Status) in
        // SAFETY: the address is the caller's, and goes to `UserMemory`.
        if unsafe value == nil { throw .invalidArgs }
        let handle = Handle(rawValue: handle)
        _ = try table.object(handle, rights: .setProperty)
        switch property {
        case ZX_PROP_NAME:
            var name = [UInt8](
                repeating: 0,
                count: Int(min(size.asSize, UInt64(ObjectName.bufferSize - 1)))
            )
            unsafe try UserMemory.load(&name, from: value)
            try table.setName(handle, ObjectName(name))
        case ZX_PROP_VMO_CONTENT_SIZE:
            if size.asSize < UInt64(MemoryLayout<UInt64>.size) { throw .bufferTooSmall }
            _ = try table.object(handle, VMODispatcher.self, rights: [])
            let content = try unsafe UserMemory.load(UInt64(0), from: value)
            try table.setContentSize(handle, content)
        default:
            throw .notSupported
        }
    }
}
