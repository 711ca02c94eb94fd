internal import Glibc
internal import SystemPackage

/// The root directory of a store, as its nodes remember it.
final class RootReference: Sendable {
    // Not O_PATH: syncfs needs an open file, and one that is as old as the store, since the kernel
    // reports a failed writeback once to each file that was open at the time.
    let descriptor: OwnedFileDescriptor

    init(_ descriptor: consuming OwnedFileDescriptor) {
        self.descriptor = descriptor
    }

    /// Where the root is in the file system now.
    func absolutePath() throws(Errno) -> String {
        String(decoding: try Self.target(descriptor.rawValue), as: UTF8.self)
    }

    /// See `StoreNode.path`.
    func path(of node: StoreNode) -> String? {
        guard let root = try? Self.target(descriptor.rawValue),
            let target = try? Self.target(node.descriptor.rawValue),
            let attributes = try? node.attributes(), attributes.linkCount > 0
        else { return nil }
        if target == root { return "" }
        // The root of the machine ends with the slash that follows any other.
        let slash = UInt8(ascii: "/")
        let prefix = root.last == slash ? root : root + [slash]
        guard target.starts(with: prefix) else { return nil }
        return String(decoding: target.dropFirst(prefix.count), as: UTF8.self)
    }

    private static func target(_ descriptor: Int32) throws(Errno) -> [UInt8] {
        try unsafe SystemCalls.withMagicLink(to: descriptor) { link throws(Errno) in
            try unsafe SystemCalls.readLink(link, in: AT_FDCWD)
        }
    }
}
