internal import CFuse3
public import PagedFileSystem
public import Support

extension FuseServer: KernelCache {
    /// Makes the kernel write to us the pages of a file that it holds dirty, and forget them all.
    ///
    /// Source: FUSE_NOTIFY_INVAL_INODE.
    public func handOver(_ node: NodeID, byteCount: UInt64) {
        guard byteCount > 0 else { return }
        invalidate(node, offset: 0, length: Int(clamping: byteCount))
    }

    /// The same on a thread of the session, of which at least half must stay free to answer.
    public func handOverFromRequest(_ node: NodeID) -> Bool {
        // The kernel holds the file's lock for this request, so it does not grow.
        invalidateFromRequest(node, offset: 0, length: 0)
    }

    /// The same for a range, sooner or later.
    public func forgetFromRequest(_ node: NodeID, _ range: ByteRange) {
        let (start, count) = (Int(range.start), Int(range.count))
        if !invalidateFromRequest(node, offset: start, length: count) { forgetSoon(node, range) }
    }

    private func invalidateFromRequest(_ node: NodeID, offset: Int, length: Int) -> Bool {
        defer { handOverCount.add(-1) }
        guard handOverCount.add(1) <= threadCountMax / 2 else { return false }
        invalidate(node, offset: offset, length: length)
        return true
    }

    /// Makes the kernel ask for attributes again.
    ///
    /// It takes no lock on the inode for that.
    public func forgetAttributes(_ node: NodeID) {
        invalidate(node, offset: -1, length: 0)
    }

    /// Makes the kernel forget a range, on a thread that holds up no request.
    public func forgetSoon(_ node: NodeID, _ range: ByteRange) {
        forgetting.add(node, range) { [weak self] node, range in
            self?.invalidate(node, offset: Int(range.start), length: Int(range.count))
        }
    }

    /// A length of 0 means to the end, a negative offset no pages at all.
    private func invalidate(_ node: NodeID, offset: Int, length: Int) {
        // SAFETY: the session lives as long as the server.
        guard let session = unsafe session else { return }
        // An error says that the kernel does not know the node, and so holds nothing of it.
        _ = unsafe fuse_lowlevel_notify_inval_inode(session, node.rawValue, offset, length)
    }
}
