public import SystemPackage

extension StoreNode {
    /// Gives `node` one more name, in this directory.
    ///
    /// Errors: EEXIST, EXDEV, EMLINK, EPERM for a directory.
    public func makeLink(_ name: FileName, to node: StoreNode) throws(Errno) {
        try checkIsEntry(name)
        try SystemCalls.makeLink(
            to: node.descriptor,
            name,
            in: descriptor
        )
    }

    /// Removes the name of an empty directory, or of anything else.
    ///
    /// Errors: ENOENT, ENOTEMPTY, ENOTDIR or EISDIR where `isDirectory` is wrong.
    public func remove(_ name: FileName, isDirectory: Bool) throws(Errno) {
        try checkIsEntry(name)
        try SystemCalls.remove(name, in: descriptor, isDirectory: isDirectory)
    }

    /// Moves what is called `name` in `parent` to `newName` in `newParent`.
    ///
    /// `flags` are those of renameat2(2): 1 refuses to replace, 2 exchanges. Errors: EINVAL for
    /// flags that the backing file system does not know, and for a directory into itself.
    public static func rename(
        _ name: FileName,
        in parent: StoreNode,
        to newName: FileName,
        in newParent: StoreNode,
        flags: UInt32
    ) throws(Errno) {
        try parent.checkIsEntry(name)
        try newParent.checkIsEntry(newName)
        try SystemCalls.rename(
            name,
            in: parent.descriptor,
            to: newName,
            in: newParent.descriptor,
            flags: flags
        )
    }
}
