internal import Glibc
internal import SystemPackage

/// The root directory of a store, as its nodes remember it, and what they share.
final class RootReference: Sendable {
    // Not O_PATH: syncfs needs an open file, and one that is as old as the store, since the kernel
    // reports a failed writeback once to each file that was open at the time.
    let descriptor: OwnedFileDescriptor
    /// The descriptors of the nodes.
    let descriptors: DescriptorCache
    /// The device whose objects can be found by handles; nil where that is not so.
    private let handleDevice: UInt64?

    init(
        _ descriptor: consuming OwnedFileDescriptor,
        device: UInt64,
        usesHandles: Bool,
        descriptorCountMax: Int
    ) {
        self.descriptor = descriptor
        descriptors = DescriptorCache(countMax: descriptorCountMax)
        // Both halves are tried: the second takes a privilege.
        if usesHandles, let handle = try? SystemCalls.handle(of: self.descriptor),
            (try? SystemCalls.open(handle, on: self.descriptor)) != nil
        {
            handleDevice = device
        } else {
            handleDevice = nil
        }
    }

    /// Whether objects can be found by handles.
    var hasHandles: Bool { handleDevice != nil }

    /// The handle of what is called `name` in a directory, if it is on `device` and has one.
    func handle(
        of name: FileName,
        in directory: SharedDescriptor,
        device: UInt64
    ) throws(Errno) -> FileHandle? {
        guard device == handleDevice else { return nil }
        do throws(Errno) {
            return try SystemCalls.handle(of: name, in: directory.descriptor)
        } catch .notSupported {
            return nil
        }
    }

    /// The handle of what `descriptor` stands for, if it is on `device` and has one.
    func handle(
        of descriptor: borrowing OwnedFileDescriptor,
        device: UInt64
    ) throws(Errno) -> FileHandle? {
        guard device == handleDevice else { return nil }
        do throws(Errno) {
            return try SystemCalls.handle(of: descriptor)
        } catch .notSupported {
            return nil
        }
    }

    /// The node of an object that was opened by something else than its name.
    func node(
        _ opened: consuming OwnedFileDescriptor
    ) throws(Errno) -> (StoreNode, FileAttributes) {
        let descriptor = SharedDescriptor(opened)
        let attributes = try SystemCalls.attributes(of: descriptor.descriptor)
        let handle = try handle(of: descriptor.descriptor, device: attributes.device)
        let node = StoreNode(attributes, handle: handle, place: nil, root: self)
        if handle == nil {
            descriptors.hold(descriptor, of: node)
        } else {
            _ = descriptors.add(descriptor, of: node)
        }
        return (node, attributes)
    }

    /// Where the root is in the file system now.
    func absolutePath() throws(Errno) -> String {
        String(decoding: try SystemCalls.path(of: descriptor), as: UTF8.self)
    }

    /// See `StoreNode.path`.
    func path(of node: StoreNode) -> String? {
        guard let opened = try? node.open(),
            let attributes = try? SystemCalls.attributes(of: opened.descriptor),
            attributes.linkCount > 0
        else { return nil }
        if let path = path(of: opened) { return path }
        // Opened by its handle, a file need not hang in the kernel's tree of names.
        guard let place = node.place, let directory = path(of: place.directory) else { return nil }
        return directory.isEmpty ? "\(place.name)" : "\(directory)/\(place.name)"
    }

    private func path(of opened: SharedDescriptor) -> String? {
        guard let root = try? SystemCalls.path(of: descriptor),
            let target = try? SystemCalls.path(of: opened.descriptor)
        else { return nil }
        if target == root { return "" }
        // The root of the machine ends with the slash that follows any other.
        let slash = UInt8(ascii: "/")
        let prefix = root.last == slash ? root : root + [slash]
        guard target.starts(with: prefix) else { return nil }
        return String(decoding: target.dropFirst(prefix.count), as: UTF8.self)
    }
}
