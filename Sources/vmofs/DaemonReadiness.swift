/// What the daemon says, once, about its start.
enum DaemonReadiness: Equatable, Sendable {
    /// The kernel has its answer to FUSE_INIT and requests are served.
    case ready
    /// Nothing was mounted; why, and what to do about it, in one line.
    case failed(why: String, remedy: String?)
}
