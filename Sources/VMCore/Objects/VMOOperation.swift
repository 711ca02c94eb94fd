/// The operations of `zx_vmo_op_range` that a pager-backed VMO knows.
enum VMOOperation: UInt32 {
    /// `ZX_VMO_OP_DECOMMIT`, which a pager-backed VMO refuses.
    case decommit = 2
    /// `ZX_VMO_OP_LOCK`, which a pager-backed VMO refuses, as the next two.
    case lock = 3
    /// `ZX_VMO_OP_UNLOCK`.
    case unlock = 4
    /// `ZX_VMO_OP_TRY_LOCK`.
    case tryLock = 11
    /// `ZX_VMO_OP_ZERO`.
    case zero = 10
}
