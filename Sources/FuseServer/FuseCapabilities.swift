internal import CFuse3

/// What the server asks of the kernel when the connection is made.
enum FuseCapabilities {
    /// The `FUSE_CAP_*` to ask for, out of those that the kernel is `capable` of.
    ///
    /// Left out on purpose:
    /// - POSIX and flock locks: the kernel keeps them, the mount being the only door.
    /// - AUTO_INVAL_DATA: would drop cached pages whenever a time changes under them.
    /// - HANDLE_KILLPRIV: the second version is asked for in `InitReply`.
    /// - NO_OPEN_SUPPORT, NO_OPENDIR_SUPPORT: opens are counted and answered.
    /// - SPLICE: moves data no faster and needs pipes.
    /// - POSIX_ACL, unless permissions are checked: it makes the kernel check them.
    static func wanted(
        capable: UInt32,
        usesWritebackCache: Bool,
        checksPermissions: Bool
    ) -> UInt32 {
        var wanted =
            FUSE_CAP_ASYNC_READ | FUSE_CAP_ATOMIC_O_TRUNC | FUSE_CAP_EXPORT_SUPPORT
            | FUSE_CAP_DONT_MASK | FUSE_CAP_READDIRPLUS | FUSE_CAP_READDIRPLUS_AUTO
            | FUSE_CAP_ASYNC_DIO | FUSE_CAP_PARALLEL_DIROPS | FUSE_CAP_CACHE_SYMLINKS
            | FUSE_CAP_IOCTL_DIR
        if checksPermissions { wanted |= FUSE_CAP_POSIX_ACL }
        if usesWritebackCache { wanted |= FUSE_CAP_WRITEBACK_CACHE }
        return UInt32(wanted) & capable
    }

    /// Fills in the terms of the connection.
    static func negotiate(
        _ connection: inout fuse_conn_info,
        options: MountOptions,
        isRoot: Bool
    ) {
        connection.want = wanted(
            capable: connection.capable,
            usesWritebackCache: options.usesWritebackCache ?? true,
            checksPermissions: options.needsPermissionChecks(isRoot: isRoot)
        )
        connection.max_write = min(connection.max_write, FusePolicy.requestBytesMax)
        connection.max_readahead = FusePolicy.readAheadBytesMax
        connection.max_background = FusePolicy.backgroundRequestCountMax
        connection.congestion_threshold = FusePolicy.congestionThreshold
        connection.time_gran = FusePolicy.timeGranularityNanoseconds
        // libfuse insists that the option and this be the same.
        if let bytes = options.readBytesMax { connection.max_read = UInt32(bytes) }
    }
}
