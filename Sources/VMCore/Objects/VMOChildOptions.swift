/// How a child VMO is made.
///
/// Source: the options of `zx_vmo_create_child`, with its numbers.
struct VMOChildOptions: OptionSet, Hashable, Sendable {
    let rawValue: UInt32

    /// `ZX_VMO_CHILD_SNAPSHOT`.
    static let snapshot = VMOChildOptions(rawValue: 1 << 0)
    /// `ZX_VMO_CHILD_RESIZABLE`.
    static let resizable = VMOChildOptions(rawValue: 1 << 2)
    /// `ZX_VMO_CHILD_SLICE`.
    static let slice = VMOChildOptions(rawValue: 1 << 3)
    /// `ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE`.
    static let snapshotAtLeastOnWrite = VMOChildOptions(rawValue: 1 << 4)
    /// `ZX_VMO_CHILD_NO_WRITE`.
    static let noWrite = VMOChildOptions(rawValue: 1 << 5)
    /// `ZX_VMO_CHILD_REFERENCE`.
    static let reference = VMOChildOptions(rawValue: 1 << 6)
    /// `ZX_VMO_CHILD_SNAPSHOT_MODIFIED`.
    static let snapshotModified = VMOChildOptions(rawValue: 1 << 7)

    /// The kinds of copy-on-write clones.
    static let clones: VMOChildOptions = [.snapshot, .snapshotAtLeastOnWrite, .snapshotModified]
}
