internal import Storage
internal import Support
internal import SystemPackage

/// The descriptor of a file's backing, opened when first needed and closed when idle.
///
/// Thread safety: any thread; opening happens outside the lock, and of two that open at once one
/// wins.
final class BackingHandle: Sendable {
    private let node: StoreNode
    private let file = Guarded<(any BackingFile)?>(nil, rank: .leaf)
    /// Lets tests put faults between us and the backing file.
    private let decorate: @Sendable (any BackingFile) -> any BackingFile

    init(_ node: StoreNode, decorate: @escaping @Sendable (any BackingFile) -> any BackingFile) {
        self.node = node
        self.decorate = decorate
    }

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

    /// Takes over a file that has just been opened, unless another one is open already.
    @discardableResult
    func adopt(_ opened: any BackingFile) -> any BackingFile {
        let decorated = decorate(opened)
        return file.withLock { file in
            if let file { return file }
            file = decorated
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
        _ = old
    }
}
