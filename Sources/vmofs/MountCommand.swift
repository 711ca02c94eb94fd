internal import ArgumentParser
internal import ControlChannel
internal import Glibc

/// `vmofs mount`.
struct MountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mount",
        abstract: "Mount BACKING at MOUNTPOINT.",
        discussion: """
            Returns once the files can be used. The daemon stays in the background until \
            'vmofs unmount', or until it is told to end with SIGTERM; both write everything back.

            Options (SIZE: bytes, or with K, M, G, T; DURATION: 500ms, 5s, 1m):

              memory=SIZE                  pages kept in memory at most
              dirty_background_bytes=SIZE  dirty bytes at which writeback starts
              dirty_bytes=SIZE             dirty bytes at which writers wait
              dirty_expire=DURATION        no dirty page gets older than this before it is written
              writeback_interval=DURATION  how often expired pages are looked for
              no_writeback_cache           every write(2) is seen at once; slower small writes
              max_threads=N                threads that serve requests
              nullrw                       measures the cost of FUSE alone; data is not kept
              ro, allow_other, noatime, nosuid, nodev, noexec, fsname=NAME, ...  as in mount(8)

            allow_other needs the line user_allow_other in /etc/fuse.conf, except for root. \
            BACKING must not be changed by others while it is mounted.

            Exit codes: 0 mounted, 1 wrong usage or no permission, 2 the system cannot mount FUSE \
            file systems, 32 the mount failed.
            """
    )

    @Flag(name: .short, help: "Stay in the foreground and log to standard error.")
    var foreground = false

    @Option(
        name: .customShort("o"),
        help: ArgumentHelp("Mount options, separated by commas; may be repeated.", valueName: "OPT")
    )
    var options: [String] = []

    @Argument(help: ArgumentHelp("The directory that holds the files.", valueName: "BACKING"))
    var backing: String

    @Argument(help: ArgumentHelp("The directory where they are seen.", valueName: "MOUNTPOINT"))
    var mountpoint: String

    func run() throws {
        let request = MountRequest(backing: backing, mountpoint: mountpoint, optionLists: options)
        let configuration = try MountValidation(environment: .current())
            .configuration(for: request, isForeground: foreground)
        if foreground {
            try runInForeground(configuration)
        } else {
            try DaemonLauncher(configuration: configuration).launch()
        }
    }
}

/// Serves as `mount.vmofs`; see `MountHelperArguments`.
func runMountHelper(_ arguments: [String]) throws(CommandError) {
    let helper = try MountHelperArguments(arguments)
    if let remount = Remount(helper.optionLists) {
        return helper.isFake ? () : try remount.apply(to: helper.target)
    }
    var lists = helper.isSloppy ? withoutUnknownOptions(helper.optionLists) : helper.optionLists
    // mount(8) leaves out the flags that any other file system has unless told otherwise.
    if geteuid() == 0 { lists.insert("suid,dev", at: 0) }
    let request = MountRequest(
        backing: helper.source,
        mountpoint: helper.target,
        optionLists: lists
    )
    let configuration = try MountValidation(environment: .current())
        .configuration(for: request, isForeground: false)
    if !helper.isFake { try DaemonLauncher(configuration: configuration).launch() }
    if helper.isVerbose {
        let verb = helper.isFake ? "would be mounted" : "mounted"
        Console.output.writeLine(
            "vmofs: \(configuration.backing) \(verb) on \(configuration.mountpoint)"
        )
    }
}

/// Serves the mount in this process until it ends.
///
/// - Throws: a silent `CommandError` with the exit code, unless that is 0.
private func runInForeground(_ configuration: MountConfiguration) throws(CommandError) {
    let code = runDaemon(configuration) { readiness in
        guard case .failed(let why, let remedy) = readiness else { return }
        let failure = CommandError(configuration.mountpoint, why, remedy: remedy)
        Console.error.writeLine(failure.description)
    }
    if code != 0 { throw .exit(code) }
}
