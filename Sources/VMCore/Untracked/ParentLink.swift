internal import Support

/// A clone's view of its parent.
struct ParentLink {
    let parent: any CloneParent
    /// The page of the parent that page 0 of the clone shows.
    let offset: UInt64
    /// The same distance in bytes to the pager-backed VMO at the root, over all parents between.
    let rootOffset: UInt64
    /// Pages of the clone from this one on do not show the parent.
    ///
    /// It only falls: what was cut off by a shrink of either stays out of sight.
    var limit: UInt64

    /// The limit that a parent of `pages` pages leaves.
    func limit(ofParentPages pages: UInt64) -> UInt64 {
        pages > offset ? min(limit, pages - offset) : 0
    }

    /// A page of the parent that is about to be looked at for the clone.
    struct Look {
        let link: ParentLink
        /// The page, in the clone's numbers.
        let page: UInt64
        /// Where a request for the page ends at most, in the clone's numbers.
        let requestEnd: UInt64

        /// Gives the bytes that the parent shows to `body`; nil for zeros.
        ///
        /// It gives up with `badState` when `isWanted` says no.
        ///
        /// Lock: none; it may block in a source.
        func withBytes(
            isWanted: () -> Bool = { true },
            _ body: (UnsafeRawBufferPointer?) -> Void
        ) throws(Status) {
            do throws(Status) {
                // SAFETY: `body` gets what the parent gives it, and no more.
                try unsafe link.parent.withPage(
                    page + link.offset,
                    requestEnd: requestEnd + link.offset,
                    isWanted: isWanted,
                    body
                )
            } catch {
                // The parent has just shrunk, and the limit is about to follow.
                guard error == .outOfRange else { throw error }
                body(nil)
            }
        }
    }
}
