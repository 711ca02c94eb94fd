/// What the `-o` strings of one mount say.
///
/// Values of vmofs' own options are nil where the option was not given; whoever starts the mount
/// computes the defaults, since some depend on the machine.
public struct MountOptions: Equatable, Sendable {
    /// `memory=`: bytes of pages to keep at most.
    public var memoryBytesMax: UInt64?
    /// `dirty_background_bytes=`: dirty bytes at which writeback starts.
    public var dirtyBackgroundBytes: UInt64?
    /// `dirty_bytes=`: dirty bytes at which writers wait.
    public var dirtyBytesMax: UInt64?
    /// `dirty_expire=`: age in nanoseconds at which a dirty page is written back.
    public var dirtyExpireNanoseconds: UInt64?
    /// `writeback_interval=`: nanoseconds between two looks for expired pages.
    public var writebackIntervalNanoseconds: UInt64?
    /// `[no_]writeback_cache`: whether the kernel may hold written data back; nil means yes.
    public var usesWritebackCache: Bool?
    /// `max_threads=`: threads that serve requests at most.
    public var threadCountMax: Int?
    /// `nullrw`: reads and writes are answered without the file system, to measure FUSE alone.
    public var answersDataItself = false
    /// `ro` or `rw`, whichever came last.
    public var isReadOnly = false
    /// `debug`: libfuse describes every request in the log.
    public var logsRequests = false
    /// `fsname=`: what `mount` shows as the source instead of the backing directory.
    public var fileSystemName: String?
    /// `subtype=`: what follows `fuse.` in the type instead of `vmofs`.
    public var subtype: String?
    /// `default_permissions`, where it was given.
    public var asksForPermissionChecks = false
    /// `max_read=`: bytes of one read request at most.
    public var readBytesMax: UInt64?
    /// Options that libfuse and the kernel understand, in the order given; the last one wins.
    public var kernelOptions: [String] = []

    /// Makes the options of a mount without `-o`.
    public init() {}

    /// Reads the `-o` strings in the order given; a later option overrides an earlier one.
    ///
    /// - Throws: `MountOptionError` that names the first option that is unknown, malformed, out of
    ///   its range, or at odds with another.
    public init(parsing lists: [String]) throws(MountOptionError) {
        for list in lists {
            for option in Self.split(list) where !option.isEmpty {
                try apply(option)
            }
        }
        try checkConsistency()
    }

    /// Checks that no limit that was given exceeds one above it.
    private func checkConsistency() throws(MountOptionError) {
        let background = "dirty_background_bytes"
        try check(background, dirtyBackgroundBytes, isWithin: "dirty_bytes", dirtyBytesMax)
        try check(background, dirtyBackgroundBytes, isWithin: "memory", memoryBytesMax)
        try check("dirty_bytes", dirtyBytesMax, isWithin: "memory", memoryBytesMax)
    }

    private func check(
        _ name: String,
        _ bytes: UInt64?,
        isWithin limitName: String,
        _ limit: UInt64?
    ) throws(MountOptionError) {
        guard let bytes, let limit, bytes > limit else { return }
        throw MountOptionError(
            option: "\(name)=\(MountOptionValue.text(bytes: bytes))",
            reason: "is more than \(limitName)=\(MountOptionValue.text(bytes: limit))",
            remedy: "keep dirty_background_bytes <= dirty_bytes <= memory"
        )
    }

    /// Splits at commas; a backslash takes the next character literally.
    static func split(_ list: String) -> [String] {
        var options = [String]()
        var current = ""
        var isEscaped = false
        for character in list {
            if isEscaped {
                current.append(character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else if character == "," {
                options.append(current)
                current = ""
            } else {
                current.append(character)
            }
        }
        if isEscaped { current.append("\\") }
        options.append(current)
        return options
    }

    /// `value` as it must stand in an option string for libfuse to read it back unchanged.
    static func escape(_ value: String) -> String {
        var escaped = ""
        for character in value {
            if character == "," || character == "\\" { escaped.append("\\") }
            escaped.append(character)
        }
        return escaped
    }

    /// Whether the kernel is to check modes, owners and ACLs for a daemon that runs as root or not.
    ///
    /// Always, but for a mount that root alone may use: root passes every check anyway, and each
    /// change in a directory would cost a request for its attributes, each new file one for its
    /// ACL.
    func needsPermissionChecks(isRoot: Bool) -> Bool {
        asksForPermissionChecks || !isRoot || kernelOptions.contains("allow_other")
            || kernelOptions.contains("allow_root")
    }

    /// The option string for libfuse of a mount of `backingPath`.
    func sessionOptions(backingPath: String, isRoot: Bool) -> String {
        var options = needsPermissionChecks(isRoot: isRoot) ? ["default_permissions"] : []
        options += kernelOptions.map(Self.escape)
        options.append("fsname=" + Self.escape(fileSystemName ?? backingPath))
        options.append("subtype=" + Self.escape(subtype ?? "vmofs"))
        if let readBytesMax { options.append("max_read=\(readBytesMax)") }
        if logsRequests { options.append("debug") }
        return options.joined(separator: ",")
    }
}
