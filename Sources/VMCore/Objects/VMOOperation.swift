/// The operations of `zx_vmo_op_range`.
enum VMOOperation: UInt32 {
    /// `ZX_VMO_OP_COMMIT`.
    case commit = 1
    /// `ZX_VMO_OP_DECOMMIT`.
    case decommit = 2
    /// `ZX_VMO_OP_LOCK`.
    case lock = 3
    /// `ZX_VMO_OP_UNLOCK`.
    case unlock = 4
    /// `ZX_VMO_OP_CACHE_SYNC`.
    case cacheSync = 6
    /// `ZX_VMO_OP_CACHE_INVALIDATE`.
    case cacheInvalidate = 7
    /// `ZX_VMO_OP_CACHE_CLEAN`.
    case cacheClean = 8
    /// `ZX_VMO_OP_CACHE_CLEAN_INVALIDATE`.
    case cacheCleanInvalidate = 9
    /// `ZX_VMO_OP_ZERO`.
    case zero = 10
    /// `ZX_VMO_OP_TRY_LOCK`.
    case tryLock = 11
    /// `ZX_VMO_OP_DONT_NEED`.
    case dontNeed = 12
    /// `ZX_VMO_OP_ALWAYS_NEED`.
    case alwaysNeed = 13
    /// `ZX_VMO_OP_PREFETCH`.
    case prefetch = 14

    /// Whether a handle with `rights` may do it.
    func isAllowed(by rights: Rights) -> Bool {
        switch self {
        case .commit, .decommit, .zero, .cacheInvalidate: rights.contains(.write)
        case .lock, .unlock, .tryLock: !rights.isDisjoint(with: [.read, .write])
        case .cacheSync, .cacheClean, .cacheCleanInvalidate, .prefetch: rights.contains(.read)
        case .dontNeed, .alwaysNeed: true
        }
    }
}
