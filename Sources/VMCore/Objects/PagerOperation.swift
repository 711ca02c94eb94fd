/// The operations of `zx_pager_op_range`.
enum PagerOperation: UInt32 {
    /// `ZX_PAGER_OP_FAIL`.
    case fail = 1
    /// `ZX_PAGER_OP_DIRTY`.
    case dirty = 2
    /// `ZX_PAGER_OP_WRITEBACK_BEGIN`.
    case writebackBegin = 3
    /// `ZX_PAGER_OP_WRITEBACK_END`.
    case writebackEnd = 4
}
