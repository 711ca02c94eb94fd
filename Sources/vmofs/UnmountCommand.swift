internal import ArgumentParser
internal import CLinux
internal import ControlChannel
internal import Glibc
internal import Support
internal import SystemPackage

/// `vmofs unmount`.
struct UnmountCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "unmount",
        abstract: "Write everything back, unmount, and wait until the daemon is gone.",
        discussion: """
            Exits with 0 only if everything is in BACKING. If a file cannot be written, or a \
            process uses the mount, or the time is over, it says which, exits with 1, and the \
            mount stays as it is; so it does if interrupted.

            Where other mount namespaces have the mount as well, it is gone here, but served there \
            until they unmount it: this names their processes and exits with 1.

            umount(8) and fusermount3 -u work as well, but return before the daemon has written \
            everything back.
            """
    )

    @Option(help: ArgumentHelp("Give up after so long.", valueName: "SECONDS"))
    var timeout: Double?

    @Argument(help: ArgumentHelp("A mountpoint.", valueName: "MOUNTPOINT"))
    var mountpoint: String

    func validate() throws {
        if let timeout, !(0...1e9).contains(timeout) {
            throw ValidationError("--timeout is a number of seconds from 0 to 1000000000")
        }
    }

    func run() throws {
        let locator = try MountLocator.current()
        let mount = try locator.mount(at: mountpoint)
        let client = try locator.client(of: mount)
        try Unmounting(mount: mount, client: client, timeoutSeconds: timeout).run()
    }
}

/// One unmount in progress.
private struct Unmounting {
    let mount: MountEntry
    let client: ControlClient
    let timeoutSeconds: Double?
    private let start = MonotonicClock().now

    init(mount: MountEntry, client: ControlClient, timeoutSeconds: Double?) {
        self.mount = mount
        self.client = client
        self.timeoutSeconds = timeoutSeconds
    }

    /// How long the daemon may take to end after it has unmounted.
    private static let exitSeconds = 60.0

    /// After how long to look whether other mount namespaces keep the daemon.
    private static let namespaceSeconds = 1.0

    func run() throws(CommandError) {
        try handOver()
        var daemon: ProcessExit?
        var lastReport: UInt64?
        let result: DrainResult
        do throws(ControlError) {
            result = try client.unmount(
                timeoutMilliseconds: remainingSeconds.map { UInt64($0 * 1000) },
                onStart: { daemon = ProcessExit(of: $0) },
                progress: { report($0, last: &lastReport) }
            )
        } catch .refused(Errno.resourceBusy.rawValue, _) {
            throw busy()
        } catch .connectionClosed {
            // The daemon may have been told to end by somebody else as well; what counts is
            // whether the mount is gone.
            try waitForEnd(of: daemon)
            return
        } catch {
            throw CommandError(error, at: mount.mountpoint)
        }
        guard result.isComplete else { throw incomplete(result) }
        try waitForEnd(of: daemon)
    }

    private var remainingSeconds: Double? {
        let elapsed = Double(MonotonicClock().now - start) / 1e9
        return timeoutSeconds.map { max(0, $0 - elapsed) }
    }

    /// Gets what the kernel holds, so that a lack of space shows before anything is unmounted.
    private func handOver() throws(CommandError) {
        let root = LocatedFile(
            mount: mount,
            path: mount.mountpoint,
            reference: FileReference(inode: 0, path: PathBytes([])),
            identity: nil
        )
        let errors = try KernelHandover.handOver(below: root, client: client)
        // A file that is closed to this user is not lost: unmounting it meets EBUSY while it is
        // open, and closing it hands over what it has.
        let serious = errors.filter { $0.errno != EACCES }
        if serious.isEmpty { return }
        for error in serious { report(error) }
        throw failure("\(serious.count) files could not be written, still mounted")
    }

    /// Says once a second what is left; to a person at once, and otherwise if it takes a second.
    private func report(_ progress: DrainProgress, last: inout UInt64?) {
        let now = MonotonicClock().now
        let second: UInt64 = 1_000_000_000
        if let last {
            guard now - last >= second else { return }
        } else {
            guard Console.error.isTerminal || now - start >= second else { return }
        }
        guard progress.remainingBytes > 0 || progress.remainingFiles > 0 else { return }
        last = now
        Console.error.writeLine(
            "vmofs: \(printable(mount.mountpoint)): \(progress.remainingBytes) bytes of "
                + "\(progress.remainingFiles) files to write back"
        )
    }

    private func report(_ error: FileError) {
        let failure = CommandError(printable(error.file), printable(error.rangeDescription))
        Console.error.writeLine(failure.description)
    }

    private func failure(_ why: String, remedy: String? = nil) -> CommandError {
        CommandError(printable(mount.mountpoint), why, remedy: remedy)
    }

    private func incomplete(_ result: DrainResult) -> CommandError {
        for error in result.errors { report(error) }
        let remaining = result.remaining
        let rest = "\(remaining.remainingBytes) bytes of \(remaining.remainingFiles) files"
        if result.errors.isEmpty {
            return failure("\(rest) not written back in time, still mounted", remedy: "try again")
        }
        return failure(
            "\(rest) could not be written, still mounted",
            remedy: "make BACKING writable and try again"
        )
    }

    private func busy() -> CommandError {
        let users = list(BusyProcesses.using(mount.mountpoint))
        return failure(
            users.isEmpty ? "busy, still mounted" : "busy, still mounted: \(users)",
            remedy: "end what uses it and try again; everything is written back"
        )
    }

    private func mountedElsewhere(_ processes: [BusyProcess]) -> CommandError {
        failure(
            "unmounted, but still mounted in other mount namespaces: \(list(processes))",
            remedy: "end these processes, or unmount it there with nsenter -m -t PROCESS umount"
        )
    }

    private func list(_ processes: [BusyProcess]) -> String {
        let names = processes.prefix(5).map(\.description).joined(separator: ", ")
        return processes.count > 5 ? "\(names) and \(processes.count - 5) more" : names
    }

    /// Waits until the daemon is gone and makes sure that the mount is.
    private func waitForEnd(of daemon: ProcessExit?) throws(CommandError) {
        let seconds = remainingSeconds ?? Self.exitSeconds
        if let daemon, !daemon.wait(seconds: min(seconds, Self.namespaceSeconds)) {
            let elsewhere = BusyProcesses.seeing(mount)
            if !elsewhere.isEmpty { throw mountedElsewhere(elsewhere) }
        }
        if let daemon, !daemon.wait(seconds: max(seconds - Self.namespaceSeconds, 1)) {
            throw failure(
                "unmounted, but the daemon, process \(daemon.process), has not ended",
                remedy: "wait for it before you use BACKING"
            )
        }
        let mounts = try MountLocator.current().mounts
        // The device number alone may be that of a mount made since.
        let isThere = mounts.mounts(at: mount.mountpoint).contains { entry in
            entry.device == mount.device && entry.isVmofs
        }
        if isThere {
            throw failure(
                "the daemon has ended but the mount is still there",
                remedy: "run: \(unmountByHand(mount.mountpoint))"
            )
        }
    }
}

/// Waits for the end of a process that is not a child.
private struct ProcessExit {
    let process: Int32
    private let descriptor: FileDescriptor?

    /// Watches `process` from now on, so that another with its number later is not mistaken for it.
    init(of process: Int32) {
        self.process = process
        let number = clinux_pidfd_open(process)
        descriptor = number < 0 ? nil : FileDescriptor(rawValue: number)
    }

    /// Whether the process has ended within so many seconds.
    func wait(seconds: Double) -> Bool {
        guard let descriptor else { return true }
        var waited = pollfd(fd: descriptor.rawValue, events: Int16(POLLIN), revents: 0)
        let milliseconds = Int32(min(seconds * 1000, 1e9))
        // SAFETY: `waited` is one pollfd, as the call is told, and lives through the call.
        return unsafe poll(&waited, 1, milliseconds) > 0
    }
}
