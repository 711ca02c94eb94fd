internal import Glibc
public import SystemPackage

// Whoever knows nodes of the objects that lose or change their names gives them along: a node that
// is not told may not find its object again.
extension StoreNode {
    /// Gives `node` one more name, in this directory.
    ///
    /// Errors: EEXIST, EXDEV, EMLINK, EPERM for a directory.
    public func makeLink(_ name: FileName, to node: StoreNode) throws(Errno) {
        try checkIsEntry(name)
        try SystemCalls.makeLink(
            to: node.open().descriptor,
            name,
            in: open().descriptor
        )
        if node.place == nil {
            node.move(to: NodePlace(name: name, directory: self))
            // A descriptor of a file that had no name gives it none for ever; one opened now does.
            root.descriptors.remove(ObjectIdentifier(node))
        }
    }

    /// Removes the name of an empty directory, or of anything else: of `victim`, where it is known.
    ///
    /// - Returns: the attributes of `victim` afterwards, unless it is a directory.
    ///
    /// Errors: ENOENT, ENOTEMPTY, ENOTDIR or EISDIR where `isDirectory` is wrong.
    @discardableResult
    public func remove(
        _ name: FileName,
        isDirectory: Bool,
        of victim: StoreNode? = nil
    ) throws(Errno) -> FileAttributes? {
        try checkIsEntry(name)
        try victim?.hold()
        do throws(Errno) {
            try SystemCalls.remove(name, in: open().descriptor, isDirectory: isDirectory)
        } catch {
            victim?.letGo()
            throw error
        }
        return victim?.noteNameLost(NodePlace(name: name, directory: self))
    }

    /// Moves what is called `name` in `parent`, `moved` where it is known, to `newName` in
    /// `newParent`, in the place of `replaced`.
    ///
    /// - Returns: the attributes of `replaced` afterwards, unless it is a directory or `moved`.
    ///
    /// `flags` are those of renameat2(2): 1 refuses to replace, 2 exchanges. Errors: EINVAL for
    /// flags that the backing file system does not know, and for a directory into itself.
    @discardableResult
    public static func rename(
        _ name: FileName,
        in parent: StoreNode,
        of moved: StoreNode? = nil,
        to newName: FileName,
        in newParent: StoreNode,
        of replaced: StoreNode? = nil,
        flags: UInt32
    ) throws(Errno) -> FileAttributes? {
        try parent.checkIsEntry(name)
        try newParent.checkIsEntry(newName)
        // Without a handle there is a moment in which no place leads to the object.
        let isMovedHeld = moved !== replaced && moved?.handle == nil
        if isMovedHeld { try moved?.hold() }
        defer { if isMovedHeld { moved?.letGo() } }
        try replaced?.hold()
        do throws(Errno) {
            try SystemCalls.rename(
                name,
                in: parent.open().descriptor,
                to: newName,
                in: newParent.open().descriptor,
                flags: flags
            )
        } catch {
            replaced?.letGo()
            throw error
        }
        let (old, new) = (
            NodePlace(name: name, directory: parent), NodePlace(name: newName, directory: newParent)
        )
        if moved === replaced {
            // Two names of one file: rename(2) leaves both.
            replaced?.letGo()
            return nil
        }
        moved?.move(to: new)
        guard flags & exchangeFlag != 0 else { return replaced?.noteNameLost(new) }
        replaced?.move(to: old)
        defer { replaced?.letGo() }
        return try? replaced?.attributes()
    }

    /// Whether the directory and name are known where this object was found.
    public var hasPlace: Bool { place != nil }

    /// Looks for a name of this object in a directory, if no path to it is known.
    ///
    /// Reads the directory to the end at worst.
    public func findName(in directory: StoreNode) throws(Errno) {
        guard !hasPlace, path() == nil else { return }
        try directory.openDirectory().read(at: 0) { entry in
            guard entry.inode == identity.inode, !entry.name.isDotOrDotDot else { return true }
            move(to: NodePlace(name: entry.name, directory: directory))
            return false
        }
    }

    /// Takes note that a name is gone: if another is left, and leads here, nothing need be held.
    private func noteNameLost(_ lost: NodePlace) -> FileAttributes? {
        if let place, place.name == lost.name, place.directory === lost.directory { move(to: nil) }
        guard typeBits != S_IFDIR, let attributes = try? attributes() else { return nil }
        if attributes.linkCount > 0, handle != nil || hasPlace { letGo() }
        return attributes
    }
}

/// `RENAME_EXCHANGE`.
private let exchangeFlag: UInt32 = 2
