import TestSupport

/// As `withMount`, with BACKING on an ext4 of its own that is `mebibytes` MiB small.
func withSmallBacking(
    _ options: [String] = [],
    mebibytes: Int,
    _ body: (Mount) throws -> Void
) throws {
    try withLoopbackExt4(mebibytes: mebibytes) { fileSystem in
        try withMount(options, place: TestPlace(backing: fileSystem.path + "/backing"), body)
    }
}

/// A foreground mount over an ext4 of 64 MiB.
func withSmallForegroundMount(
    _ body: (TestPlace, ForegroundMount) throws -> Void
) throws {
    try withLoopbackExt4(mebibytes: 64) { fileSystem in
        let place = try TestPlace(backing: fileSystem.path + "/backing")
        let mount = try ForegroundMount(place, options: "no_writeback_cache,memory=128M")
        defer { mount.destroy() }
        try body(place, mount)
    }
}
