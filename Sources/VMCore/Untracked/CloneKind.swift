/// What a copy-on-write clone promises of later writes to its parent.
enum CloneKind {
    /// `ZX_VMO_CHILD_SNAPSHOT`: they are never seen.
    case snapshot
    /// `ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE`: they are not seen in pages that the clone wrote.
    case snapshotAtLeastOnWrite
    /// `ZX_VMO_CHILD_SNAPSHOT_MODIFIED`: they are not seen in pages that the parent had written.
    case snapshotModified
}
