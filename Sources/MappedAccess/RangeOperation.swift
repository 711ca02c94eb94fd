/// The operations of `zx_vmar_op_range`.
enum RangeOperation: UInt32 {
    /// `ZX_VMAR_OP_COMMIT`.
    case commit = 1
    /// `ZX_VMAR_OP_DECOMMIT`.
    case decommit = 2
    /// `ZX_VMAR_OP_MAP_RANGE`.
    case mapRange = 3
    /// `ZX_VMAR_OP_ZERO`, which Zircon has a number for and does not support.
    case zero = 10
    /// `ZX_VMAR_OP_DONT_NEED`.
    case dontNeed = 12
    /// `ZX_VMAR_OP_ALWAYS_NEED`.
    case alwaysNeed = 13
    /// `ZX_VMAR_OP_PREFETCH`.
    case prefetch = 14
}
