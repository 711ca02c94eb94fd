public import Support

/// What the file system may ask of the kernel's cache in front of it.
///
/// Both act on the pages that the kernel holds of one file: the dirty ones are written to us, then
/// all are forgotten.
public protocol KernelCache: AnyObject, Sendable {
    /// Makes the kernel hand over a file's pages, and returns when it has.
    ///
    /// Waits for writes that other threads of ours answer, so it must not be called while the
    /// kernel waits for an answer that holds one of those pages.
    func handOver(_ node: NodeID)

    /// Makes the kernel forget the pages of a range, some time later.
    ///
    /// For a write from the kernel's cache that was refused: the kernel would go on to show bytes
    /// that are nowhere else.
    func forgetSoon(_ node: NodeID, _ range: ByteRange)
}
