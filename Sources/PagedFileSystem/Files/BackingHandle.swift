internal import Storage
internal import Support
internal import SystemPackage

/// The descriptor of a file's backing, opened when first needed and closed when idle.
///
/// When many are open already it is opened for each use instead: a mount may have more files open
/// than one process may have descriptors.
///
/// Thread safety: any thread; opening happens outside the lock, and of two that open at once one
/// wins.
final class BackingHandle: Sendable {
    private let node: StoreNode
    private let file = Guarded<(any BackingFile)?>(nil, rank: .leaf)
    /// Lets tests put faults between us and the backing file.
    private let decorate: @Sendable (any BackingFile) -> any BackingFile

    private let counts: FileSystemCounts
    /// How many are kept open at a time, of all files.
    private let countMax: Int

    init(
        _ node: StoreNode,
        counts: FileSystemCounts,
        countMax: Int,
        decorate: @escaping @Sendable (any BackingFile) -> any BackingFile
    ) {
        self.node = node
        self.counts = counts
        self.countMax = countMax
        self.decorate = decorate
    }

    deinit { close() }

    /// The open backing file.
    func open() throws(Errno) -> any BackingFile {
        if let file = file.withLock({ $0 }) { return file }
        return adopt(try node.openFile())
    }

    /// The open backing file, which takes writes.
    ///
    /// - Throws: why the backing file system refuses writes to it, if it does still.
    func openForWriting() throws(Errno) -> any BackingFile {
        let file = try open()
        guard let refusal = file.writeRefusal else { return file }
        // A program that is running cannot be written, but it may have ended since.
        close()
        let again = try open()
        if again.writeRefusal != nil { throw refusal }
        return again
    }

    /// Takes over a file that has just been opened, unless another one is open already, or so many
    /// are that this one shall close after its use.
    @discardableResult
    func adopt(_ opened: any BackingFile) -> any BackingFile {
        let decorated = decorate(opened)
        if counts.backingFiles.value >= countMax, isReplaceable(opened) { return decorated }
        return file.withLock { file in
            if let file { return file }
            file = decorated
            counts.backingFiles.add(1)
            return decorated
        }
    }

    /// Closes the descriptor once nobody uses it any more.
    func close() {
        // The old value is let go outside the lock: its descriptor closes there.
        let old = file.withLock { file in
            defer { file = nil }
            return file
        }
        if old != nil { counts.backingFiles.add(-1) }
    }

    /// Closes the descriptor if it can be had again.
    func closeIfReplaceable() {
        if let file = file.withLock({ $0 }), isReplaceable(file) { close() }
    }

    private func isReplaceable(_ file: any BackingFile) -> Bool {
        node.canOpenFile(forWriting: file.writeRefusal == nil)
    }
}
