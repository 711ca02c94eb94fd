public import SystemPackage

/// The longest value and the longest list of names that Linux has (`XATTR_SIZE_MAX`), in bytes.
private let extendedAttributeBytesMax = 65536

// On a symbolic link these work on the link itself, where the backing file system refuses the
// `user.` namespace (EPERM when setting, ENODATA when reading).
extension StoreNode {
    /// The size in bytes of the value called `name`.
    ///
    /// Errors: ENODATA if there is none, EOPNOTSUPP for a namespace unknown to the backing.
    public func extendedAttributeSize(_ name: ExtendedAttributeName) throws(Errno) -> Int {
        try unsafe SystemCalls.extendedAttribute(
            name,
            of: open().descriptor,
            into: UnsafeMutableRawBufferPointer(start: nil, count: 0)
        )
    }

    /// The value called `name`.
    ///
    /// Errors: ENODATA if there is none, ERANGE if it is longer than `capacity` bytes.
    public func extendedAttribute(
        _ name: ExtendedAttributeName,
        capacity: Int = 65536
    ) throws(Errno) -> [UInt8] {
        // No capacity would ask the kernel for the size instead.
        if capacity <= 0 {
            if try extendedAttributeSize(name) > 0 { throw .outOfRange }
            return []
        }
        return try unsafe bytes(capacity: min(capacity, extendedAttributeBytesMax)) {
            buffer throws(Errno) in
            try unsafe SystemCalls.extendedAttribute(
                name,
                of: open().descriptor,
                into: buffer
            )
        }
    }

    /// Sets the value called `name`.
    ///
    /// `flags` are those of setxattr(2): 1 refuses to replace (EEXIST), 2 to create (ENODATA). The
    /// backing file system takes it as coming from `caller` where one is given, unless that one
    /// may only by a capability that this process cannot give to a thread.
    public func setExtendedAttribute(
        _ name: ExtendedAttributeName,
        value: UnsafeRawBufferPointer,
        flags: Int32 = 0,
        as caller: Caller? = nil
    ) throws(Errno) {
        if let caller {
            do throws(Errno) {
                return try withCredentials(of: caller) { () throws(Errno) in
                    try unsafe setExtendedAttribute(name, value: value, flags: flags)
                }
            } catch .notPermitted {
                // The kernel has let it through.
            }
        }
        try unsafe SystemCalls.setExtendedAttribute(
            name,
            of: open().descriptor,
            value: value,
            flags: flags
        )
    }

    /// The names of all values, each with a NUL at its end.
    public func extendedAttributeNames() throws(Errno) -> [UInt8] {
        try unsafe bytes(capacity: extendedAttributeBytesMax) { buffer throws(Errno) in
            try unsafe SystemCalls.extendedAttributeNames(
                of: open().descriptor,
                into: buffer
            )
        }
    }

    /// Removes the value called `name`; ENODATA if there is none.
    public func removeExtendedAttribute(_ name: ExtendedAttributeName) throws(Errno) {
        try SystemCalls.removeExtendedAttribute(name, of: open().descriptor)
    }
}

/// The bytes that `body` puts into a buffer of `capacity` bytes; it returns how many.
///
/// A small buffer is tried first: the kernel clears one of its own of the size that it is told,
/// which for the largest costs more than all the rest.
private func bytes(
    capacity: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
) throws(Errno) -> [UInt8] {
    let small = 4096
    if capacity > small {
        do {
            return try unsafe bytes(exactCapacity: small, body)
        } catch  where error == .outOfRange {
            // It does not fit.
        }
    }
    return try unsafe bytes(exactCapacity: capacity, body)
}

private func bytes(
    exactCapacity: Int,
    _ body: (UnsafeMutableRawBufferPointer) throws(Errno) -> Int
) throws(Errno) -> [UInt8] {
    let result = unsafe withUnsafeTemporaryAllocation(byteCount: exactCapacity, alignment: 1) {
        buffer -> Result<[UInt8], Errno> in
        do throws(Errno) {
            // SAFETY: `body` has filled the bytes that it counts, in a buffer alive in here.
            let count = try unsafe body(buffer)
            return unsafe .success([UInt8](buffer.prefix(count)))
        } catch {
            return .failure(error)
        }
    }
    return try result.get()
}
