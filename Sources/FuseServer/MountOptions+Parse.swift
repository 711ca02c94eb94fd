extension MountOptions {
    /// Takes in one option, already split off and without its escapes.
    mutating func apply(_ option: String) throws(MountOptionError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(parts[0])
        let value = parts.count == 2 ? String(parts[1]) : nil
        if try applyOwn(name, value, option) { return }
        if try applyCommon(name, value, option) { return }
        if Self.isIgnored(name) { return }
        throw MountOptionError(
            option: option,
            reason: "unknown",
            remedy: Self.remedies[name] ?? "see vmofs mount --help for the options there are"
        )
    }

    /// Options of vmofs itself; false if `name` is none.
    private mutating func applyOwn(
        _ name: String,
        _ value: String?,
        _ option: String
    ) throws(MountOptionError) -> Bool {
        switch name {
        case "memory":
            memoryBytesMax = try Self.size(option, value, in: Self.memoryBytesRange)
        case "dirty_background_bytes":
            dirtyBackgroundBytes = try Self.size(option, value, in: Self.dirtyBackgroundRange)
        case "dirty_bytes":
            dirtyBytesMax = try Self.size(option, value, in: Self.dirtyBytesRange)
        case "dirty_expire":
            dirtyExpireNanoseconds = try Self.duration(option, value, in: Self.expireRange)
        case "writeback_interval":
            writebackIntervalNanoseconds = try Self.duration(option, value, in: Self.intervalRange)
        case "writeback_cache", "no_writeback_cache":
            try Self.refuseValue(option, value)
            usesWritebackCache = name == "writeback_cache"
        case "max_threads":
            threadCountMax = try Self.count(option, value, in: Self.threadCountRange)
        case "nullrw":
            try Self.refuseValue(option, value)
            answersDataItself = true
        default: return false
        }
        return true
    }

    /// Options of FUSE and of mount(8) that have a meaning here; false if `name` is none.
    private mutating func applyCommon(
        _ name: String,
        _ value: String?,
        _ option: String
    ) throws(MountOptionError) -> Bool {
        switch name {
        case "fsname": fileSystemName = try Self.text(option, value)
        case "subtype": subtype = try Self.text(option, value)
        case "max_read": readBytesMax = try Self.size(option, value, in: Self.readBytesRange)
        case "context", "fscontext", "defcontext", "rootcontext":
            kernelOptions.append("\(name)=\(try Self.text(option, value))")
        case "debug":
            try Self.refuseValue(option, value)
            logsRequests = true
        case "default_permissions":
            try Self.refuseValue(option, value)
            asksForPermissionChecks = true
        case "ro", "rw":
            try Self.refuseValue(option, value)
            isReadOnly = name == "ro"
            kernelOptions.append(name)
        default:
            guard Self.passedOn.contains(name) else { return false }
            try Self.refuseValue(option, value)
            kernelOptions.append(name)
        }
        return true
    }

    /// Flags that libfuse hands to the kernel.
    private static let passedOn: Set<String> = [
        "allow_other", "allow_root", "noatime", "atime", "nosuid", "suid", "nodev", "dev",
        "noexec", "exec", "sync", "async", "dirsync",
    ]

    /// Whether an option belongs to mount(8), fstab or systemd and says nothing to us.
    ///
    /// The atime family: the kernel never updates access times of FUSE files, whatever it is told.
    private static func isIgnored(_ name: String) -> Bool {
        let names: Set<String> = [
            "defaults", "_netdev", "_rnetdev", "nofail", "fail", "auto", "noauto", "user", "nouser",
            "users", "nousers", "owner", "noowner", "group", "nogroup", "comment", "relatime",
            "norelatime", "strictatime", "nostrictatime", "diratime", "nodiratime", "lazytime",
            "nolazytime", "silent", "loud", "iversion", "noiversion", "mand", "nomand",
        ]
        return names.contains(name) || name.hasPrefix("x-") || name.hasPrefix("X-")
    }

    /// What to do instead of some options that people know from elsewhere.
    private static let remedies: [String: String] = [
        "auto_unmount": "leave it out; vmofs unmounts when it is told to end",
        "clone_fd": "leave it out; requests are shared by all threads",
        "kernel_cache": "leave it out; the kernel's cache is used always",
        "max_idle_threads": "leave it out, or limit all threads with max_threads=N",
        "nonempty": "leave it out; any directory may be mounted over",
        "remount": "use mount(8): mount -o remount,... MOUNTPOINT",
    ]
}

extension MountOptions {
    /// Below 16M a few 1 MiB requests in flight would hold all pages.
    static let memoryBytesRange: ClosedRange<UInt64> = 16 << 20...1 << 46
    /// At least a page: with less, writeback would never rest.
    static let dirtyBackgroundRange: ClosedRange<UInt64> = 4096...1 << 46
    /// At least the largest write request, 1 MiB: with less, a writer would wait for itself.
    static let dirtyBytesRange: ClosedRange<UInt64> = 1 << 20...1 << 46
    /// Up to a day: what is dirty longer than that is not being written back.
    static let expireRange: ClosedRange<UInt64> = 0...86_400_000_000_000
    /// At least 10 ms, so that an idle mount does not keep a processor busy.
    static let intervalRange: ClosedRange<UInt64> = 10_000_000...86_400_000_000_000
    /// The kernel refuses to go below a page; no request is larger than 1 MiB.
    static let readBytesRange: ClosedRange<UInt64> = 4096...1 << 20
    /// Each thread holds a receive buffer of 1 MiB.
    static let threadCountRange: ClosedRange<Int> = 1...1024

    private static func size(
        _ option: String,
        _ value: String?,
        in range: ClosedRange<UInt64>
    ) throws(MountOptionError) -> UInt64 {
        let text = try text(option, value)
        guard let bytes = MountOptionValue.bytes(text) else {
            throw MountOptionError(
                option: option,
                reason: "not a size",
                remedy: "a number of bytes, or with K, M, G or T, such as 512M"
            )
        }
        try check(option, bytes, in: range) { MountOptionValue.text(bytes: $0) }
        return bytes
    }

    private static func duration(
        _ option: String,
        _ value: String?,
        in range: ClosedRange<UInt64>
    ) throws(MountOptionError) -> UInt64 {
        let text = try text(option, value)
        guard let nanoseconds = MountOptionValue.nanoseconds(text) else {
            throw MountOptionError(
                option: option,
                reason: "not a duration",
                remedy: "a number of seconds, or with ms, s, m or h, such as 500ms"
            )
        }
        try check(option, nanoseconds, in: range) { MountOptionValue.text(nanoseconds: $0) }
        return nanoseconds
    }

    private static func count(
        _ option: String,
        _ value: String?,
        in range: ClosedRange<Int>
    ) throws(MountOptionError) -> Int {
        guard let count = Int(try text(option, value)) else {
            throw MountOptionError(
                option: option,
                reason: "not a number",
                remedy: "a number from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        try check(option, count, in: range) { "\($0)" }
        return count
    }

    private static func check<Value: Comparable>(
        _ option: String,
        _ value: Value,
        in range: ClosedRange<Value>,
        _ text: (Value) -> String
    ) throws(MountOptionError) {
        let remedy = "from \(text(range.lowerBound)) to \(text(range.upperBound))"
        if value < range.lowerBound {
            let reason = "below the minimum of \(text(range.lowerBound))"
            throw MountOptionError(option: option, reason: reason, remedy: remedy)
        }
        if value > range.upperBound {
            let reason = "above the maximum of \(text(range.upperBound))"
            throw MountOptionError(option: option, reason: reason, remedy: remedy)
        }
    }

    private static func text(
        _ option: String,
        _ value: String?
    ) throws(MountOptionError) -> String {
        guard let value, !value.isEmpty else {
            let name = option.prefix { $0 != "=" }
            throw MountOptionError(
                option: option,
                reason: "needs a value",
                remedy: "write \(name)=VALUE"
            )
        }
        return value
    }

    private static func refuseValue(
        _ option: String,
        _ value: String?
    ) throws(MountOptionError) {
        if value == nil { return }
        let name = option.prefix { $0 != "=" }
        throw MountOptionError(
            option: option,
            reason: "takes no value",
            remedy: "write \(name) alone"
        )
    }
}
