internal import CLinux
internal import ControlChannel
internal import FuseServer
internal import Glibc
internal import Logging
internal import PagedFileSystem
internal import Support
internal import SystemPackage
internal import Writeback

/// Serves a mount until it is unmounted or told to end; returns the exit code.
///
/// `ready` is called once: when requests are served, or with the reason why not.
///
/// Called while the process has one thread: the mount comes before all others.
func runDaemon(
    _ configuration: MountConfiguration,
    ready: @escaping @Sendable (DaemonReadiness) -> Void
) -> Int32 {
    // Blocked here, in the thread that all others are made from; one of them takes them.
    DaemonSignals.block()
    // Modes come from the callers, each with a umask of its own.
    umask(0)
    // Dirty pages of the backing file system must not wait for us while we write to it.
    // Refused without privilege, which only makes memory pressure a little slower.
    _ = clinux_become_io_flusher()
    do throws(DaemonFailure) {
        return try Daemon(configuration, ready: ready).run()
    } catch {
        ready(.failed(why: error.why, remedy: error.remedy))
        return CommandError.ExitCode.mountFailed.rawValue
    }
}

/// Why the daemon could not start.
struct DaemonFailure: Error {
    var why: String
    var remedy: String?
}

/// One mount from its making to its end: the place where the modules meet.
///
/// How it ends:
///
///     umount, fusermount3 -u   the kernel lets go, the session ends, what is dirty is written
///     TERM, INT, HUP           the kernel hands over, what is dirty is written, unmount, as above
///     vmofs unmount            the same, asked for over the control channel
///     the same signal again    what is dirty is named and lost
///
/// After FS_IOC_SHUTDOWN nothing is written any more: what is dirty is named and lost.
final class Daemon: Sendable {
    private let configuration: MountConfiguration
    private let logger: Logger
    private let fileSystem: PagedFileSystem
    private let server: FuseServer
    private let inspection: MountInspection
    private let signals = DaemonSignals()
    private let control = Guarded<ControlServer?>(nil, rank: .leaf)

    init(
        _ configuration: MountConfiguration,
        ready: @escaping @Sendable (DaemonReadiness) -> Void
    ) throws(DaemonFailure) {
        self.configuration = configuration
        logger = DaemonLog.logger(isForeground: configuration.isForeground)
        let options: MountOptions
        do throws(MountOptionError) {
            options = try MountOptions(parsing: configuration.optionLists)
        } catch {
            throw DaemonFailure(why: error.description)
        }
        let trace = TraceRing()
        fileSystem = try Self.makeFileSystem(
            configuration,
            options,
            events: DaemonEvents(trace: trace, logger: logger)
        )
        server = FuseServer(options: options, backingPath: fileSystem.store.path) {
            ready(.ready)
        }
        inspection = MountInspection(
            mountpoint: configuration.mountpoint,
            fileSystem: fileSystem,
            server: server,
            traceRing: trace
        )
        do throws(MountFailure) {
            try server.mount(at: configuration.mountpoint)
        } catch {
            throw DaemonFailure(why: error.reason, remedy: error.remedy)
        }
    }

    private static func makeFileSystem(
        _ configuration: MountConfiguration,
        _ mountOptions: MountOptions,
        events: DaemonEvents
    ) throws(DaemonFailure) -> PagedFileSystem {
        var options = PagedFileSystem.Options(
            limits: WritebackLimits(
                memoryBytes: mountOptions.memoryBytesMax ?? defaultMemoryBytes(),
                dirtyBackgroundBytes: mountOptions.dirtyBackgroundBytes,
                dirtyBytes: mountOptions.dirtyBytesMax,
                dirtyExpireNanoseconds: mountOptions.dirtyExpireNanoseconds,
                writebackIntervalNanoseconds: mountOptions.writebackIntervalNanoseconds
            )
        )
        options.usesKernelWritebackCache = mountOptions.usesWritebackCache ?? true
        let backing = configuration.backing
        do throws(Errno) {
            // The rest is for open directories, and for files that nothing but a descriptor finds.
            let descriptorShare = Int(clamping: raiseDescriptorLimit() / 8)
            options.backingFileCountMax = min(options.backingFileCountMax, descriptorShare)
            options.openBackingFileCountMax = 4 * descriptorShare
            let store = try DirectoryStore(
                path: backing,
                descriptorCountMax: min(8192, descriptorShare)
            )
            if waitUntilClaimed(store) {
                return try PagedFileSystem(store: store, options: options, events: events)
            }
        } catch {
            throw DaemonFailure(why: "\(backing): \(error)")
        }
        throw DaemonFailure(
            why: "\(backing): the daemon of another mount is still writing back to it",
            remedy: "try again when it has ended"
        )
    }

    /// Waits for the daemon of an earlier mount, which goes on after umount(8) has returned: what
    /// it has not written back yet would be missing here, and would later be written over ours.
    ///
    /// False if that takes longer than whoever mounts waits for us.
    private static func waitUntilClaimed(_ store: DirectoryStore) -> Bool {
        let clock = MonotonicClock()
        let deadline = clock.now + 50_000_000_000
        let patience = Guarded((), rank: .leaf)
        while !store.claim() {
            if clock.now > deadline { return false }
            _ = patience.wait(until: clock.now + 20_000_000) { _ -> Bool? in nil }
        }
        return true
    }

    /// Serves until the end; returns the exit code.
    ///
    /// - Throws: why nothing can be served, with nothing left mounted.
    func run() throws(DaemonFailure) -> Int32 {
        do throws(DaemonFailure) {
            let server = try startControl()
            control.withLock { $0 = server }
        } catch {
            try? server.detachMountpoint(lazily: true)
            throw error
        }
        fileSystem.attach(server)
        fileSystem.start()
        signals.start { [self] signal in received(signal) }
        do throws(Errno) {
            try server.run(serving: fileSystem)
        } catch {
            logger.error("the FUSE session ended: \(error)")
        }
        // The mount is gone, and its device number may be another's by now.
        stopControl()
        if fileSystem.isShutDown { nameLosses() }
        writeBack()
        fileSystem.stop()
        return 0
    }

    private func startControl() throws(DaemonFailure) -> ControlServer {
        // SAFETY: the environment is not changed by this process.
        let runtime = unsafe getenv("XDG_RUNTIME_DIR").map { unsafe String(cString: $0) }
        guard let device = DeviceNumber(server.device) else {
            throw DaemonFailure(why: "\(server.device) is no device number")
        }
        do throws(ControlError) {
            let directory = try RuntimeDirectory.forServer(
                places: RuntimeDirectory.places(ofUser: geteuid(), runtimeDirectory: runtime)
            )
            return try serveControl(device, in: directory)
        } catch {
            throw DaemonFailure(why: "the control channel: \(error)")
        }
    }

    /// Starts the control server; waits for a daemon whose mount has just gone, and whose device
    /// number we have got, to take its socket away.
    private func serveControl(
        _ device: DeviceNumber,
        in directory: RuntimeDirectory
    ) throws(ControlError) -> ControlServer {
        let clock = MonotonicClock()
        let deadline = clock.now + 10_000_000_000
        while true {
            do throws(ControlError) {
                return try ControlServer(device: device, in: directory, provider: inspection)
            } catch {
                guard case .alreadyServed = error, clock.now < deadline else { throw error }
                signals.wait(nanoseconds: 10_000_000)
            }
        }
    }

    private func stopControl() {
        control.withLock { $0 }?.stop()
    }

    // MARK: - The end

    private func received(_ signal: DaemonSignals.Received) {
        switch signal {
        case .dump: dumpStatus()
        case .end: WorkerThread("vmofs-shutdown") { [self] in shutDown() }.detach()
        case .endAtOnce: abandon()
        }
    }

    private func dumpStatus() {
        for line in statusText(inspection.status()).split(separator: "\n") {
            logger.notice("\(line)")
        }
    }

    /// Writes everything back and unmounts; the session then ends by itself.
    private func shutDown() {
        logger.notice("writing back \(fileSystem.engine.dirtyBytes) bytes before the unmount")
        handOverKernelPages()
        // Twice, for what was written meanwhile; what follows comes after the unmount.
        writeBack(passCountMax: 2)
        do throws(MountFailure) {
            try server.detachMountpoint(lazily: false)
        } catch {
            logger.warning("\(error.reason); detaching the mount from its files in use")
            leaveFilesInUse()
        }
    }

    /// Ends although files are open: those who hold them get ENOTCONN from now on.
    private func leaveFilesInUse() {
        try? server.detachMountpoint(lazily: true)
        fileSystem.refuseChanges()
        writeBack()
        stopControl()
        exit(0)
    }

    /// Makes the kernel hand over what was written before now to files that are open still; a
    /// close hands over by itself.
    private func handOverKernelPages() {
        for (node, path) in fileSystem.nodesOpenForWriting() {
            var status = stat()
            // The size that the kernel knows. SAFETY: the path and `status` live through the call.
            let file = "\(configuration.mountpoint)/\(path)"
            if unsafe lstat(file, &status) == 0 {
                server.handOver(node, byteCount: UInt64(max(status.st_size, 0)))
            }
        }
    }

    /// Writes back what is dirty; what fails is tried again until it does not, or until a second
    /// signal ends the daemon.
    private func writeBack(passCountMax: Int = .max) {
        while true {
            let outcome = fileSystem.drain(passCountMax: passCountMax) { _, _ in true }
            if outcome.failures.isEmpty { return }
            for (path, failure) in outcome.failures {
                logger.error("\(path): \(failure.errno); trying again in a second")
            }
            signals.wait(nanoseconds: 1_000_000_000)
        }
    }

    private func abandon() {
        nameLosses()
        try? server.detachMountpoint(lazily: true)
        stopControl()
        exit(1)
    }

    private func nameLosses() {
        for file in fileSystem.dirtyFiles() {
            let bytes = file.dirtyBytes + file.dirtyZeroBytes
            logger.critical("lost: \(file.path): \(bytes) dirty bytes")
        }
    }
}
