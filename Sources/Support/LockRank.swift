/// The order in which locks are taken: a thread may take a lock only of a higher rank than every
/// lock that it holds.
///
/// Debug builds check it on each acquisition; a second lock of one rank is always an inversion.
///
///     addressSpace                      what is mapped at which address
///      namespace                        InodeTable's maps of nodes and open files
///       pagedFile                       whether an inode has pages
///       inode                           one inode's attributes
///        writebackQueue                 the pager loop's queue of files with dirty pages
///         pager                         the pager's list of VMOs
///          vmo                          one VMO's page table, zero intervals and page requests
///           mapping                     one VMO's mappings
///            arena                      the frame arena's free map
///             handles                   the handles of a process
///              family                   who is whose child among VMOs
///               pageRequests            one VMO's page requests on their way to a port
///                signals                one object's signals and who waits for them
///                 port                  one port's packets
///                  budget               the memory budget's waiters
///                   ledger              the space ledger's counts
///                    control            control channel sessions
///                     trace             the trace ring
///                      leaf             a lock under which no other is ever taken
public enum LockRank: UInt8, Sendable {
    case addressSpace
    case namespace
    case pagedFile
    case inode
    case writebackQueue
    case pager
    case vmo
    case mapping
    case arena
    case handles
    case family
    case pageRequests
    case signals
    case port
    case budget
    case ledger
    case control
    case trace
    case leaf
}
