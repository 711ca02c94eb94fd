internal import Glibc
internal import SystemPackage

/// The root directory of a store, as its nodes remember it.
final class RootReference: Sendable {
    // Not O_PATH: syncfs needs an open file, and one that is as old as the store, since the kernel
    // reports a failed writeback once to each file that was open at the time.
    let descriptor: OwnedFileDescriptor
    /// The device whose objects can be found by handles; nil where that is not so.
    let handleDevice: UInt64?

    init(_ descriptor: consuming OwnedFileDescriptor, device: UInt64) {
        self.descriptor = descriptor
        // Both halves are tried: the second takes a privilege.
        if let handle = try? SystemCalls.handle(of: self.descriptor),
            (try? SystemCalls.open(handle, on: self.descriptor)) != nil
        {
            handleDevice = device
        } else {
            handleDevice = nil
        }
    }

    /// Where the root is in the file system now.
    func absolutePath() throws(Errno) -> String {
        String(decoding: try SystemCalls.path(of: descriptor), as: UTF8.self)
    }

    /// See `StoreNode.path`.
    func path(of node: StoreNode) -> String? {
        guard let root = try? SystemCalls.path(of: descriptor),
            let target = try? SystemCalls.path(of: node.descriptor),
            let attributes = try? node.attributes(), attributes.linkCount > 0
        else { return nil }
        if target == root { return "" }
        // The root of the machine ends with the slash that follows any other.
        let slash = UInt8(ascii: "/")
        let prefix = root.last == slash ? root : root + [slash]
        guard target.starts(with: prefix) else { return nil }
        return String(decoding: target.dropFirst(prefix.count), as: UTF8.self)
    }

}
