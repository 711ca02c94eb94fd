public import Support

/// What the file system may ask of the kernel's cache in front of it.
///
/// What acts on the pages that the kernel holds of a file makes it write the dirty ones to us, and
/// then forget all.
public protocol KernelCache: AnyObject, Sendable {
    /// Makes the kernel hand over the pages of a file's first `byteCount` bytes, and returns when
    /// it has.
    ///
    /// A bound is needed: a file that grows as fast as it is handed over has no end.
    /// Waits for writes that threads serving requests answer, so it must not be called on one of
    /// those.
    func handOver(_ node: NodeID, byteCount: UInt64)

    /// The same on a thread that serves a request, which must hold none of the pages; false, with
    /// nothing done, if there might not be enough threads left to answer the writes.
    func handOverFromRequest(_ node: NodeID) -> Bool

    /// Makes the kernel forget the pages of a range, on a thread that serves a request and holds
    /// none of them; done later by another if there might not be enough threads left to answer.
    func forgetFromRequest(_ node: NodeID, _ range: ByteRange)

    /// Makes the kernel ask for a file's attributes again; may be called on any thread.
    ///
    /// For a mode that a write has changed: the kernel goes by the mode that it knows.
    func forgetAttributes(_ node: NodeID)

    /// Makes the kernel forget the pages of a range, some time later.
    ///
    /// For a write from the kernel's cache that was refused: the kernel would go on to show bytes
    /// that are nowhere else.
    func forgetSoon(_ node: NodeID, _ range: ByteRange)
}
