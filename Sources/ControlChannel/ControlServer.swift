internal import Glibc
internal import Support
internal import SystemPackage

/// Answers the command line on a unix socket, for one mount.
///
/// One thread accepts, and one thread serves each connection, which carries one request. Only the
/// user of this process and root are served.
///
/// Thread safety: any thread.
public final class ControlServer: Sendable {
    private let listener: SocketListener
    private let provider: any InspectionProvider
    private let limits: ControlLimits
    private let sessions = Guarded(Sessions(), rank: .control)

    private struct Sessions {
        /// The sockets of live conversations.
        ///
        /// A socket is taken out before it is closed, so that
        /// `stop` never shuts down a number that was given to another file.
        var sockets: Set<Int32> = []
        var isStopping = false
        var isAccepting = true
    }

    /// Listens for the mount with this device number and begins to serve.
    ///
    /// `directory` is where; see `RuntimeDirectory.forServer`. The device number can be read from
    /// `MountTable.current()`, which unlike stat(2) works before the mount is served.
    ///
    /// - Throws: `.alreadyServed` if another server answers for this number, `.system`.
    public init(
        device: DeviceNumber,
        in directory: RuntimeDirectory,
        provider: any InspectionProvider,
        limits: ControlLimits = ControlLimits()
    ) throws(ControlError) {
        listener = try SocketListener(in: directory, name: socketName(of: device))
        self.provider = provider
        self.limits = limits
        do {
            try startDetachedThread { [self] in acceptConnections() }
        } catch {
            listener.shutDown()
            try? listener.descriptor.close()
            throw .system(error, call: "start the control thread")
        }
    }

    /// Stops listening, ends traces, and waits for the other conversations to finish.
    ///
    /// A conversation that cannot finish, because the backing file system hangs, say, is left
    /// behind after `seconds`. Removes the socket. A server lives until it is stopped; stopping it
    /// once more does nothing.
    public func stop(waitingSeconds seconds: UInt64 = 5) {
        let isFirst = sessions.withLock { state in
            defer { state.isStopping = true }
            // Only the receiving half: a reply that is on its way still arrives.
            for socket in state.sockets { shutdown(socket, Int32(SHUT_RD)) }
            return !state.isStopping
        }
        if isFirst { listener.shutDown() }
        sessions.wakeAll()
        _ = sessions.wait(until: deadline(inSeconds: seconds)) { state in
            state.sockets.isEmpty && !state.isAccepting ? true : nil
        }
    }

    private var isStopping: Bool { sessions.withLock { $0.isStopping } }

    private func acceptConnections() {
        while true {
            do throws(ControlError) {
                guard let socket = try listener.accept() else { break }
                begin(socket)
            } catch {
                // Out of descriptors or memory, for a while. The client waits in the backlog;
                // looking again at once would only burn the processor.
                let soon = MonotonicClock().now + 100_000_000
                _ = sessions.wait(until: soon) { $0.isStopping ? true : nil }
            }
        }
        try? listener.descriptor.close()
        sessions.withLock { $0.isAccepting = false }
        sessions.wakeAll()
    }

    /// Gives a connection a thread, or says that there is none.
    private func begin(_ socket: FileDescriptor) {
        let number = socket.rawValue
        let isWelcome = sessions.withLock { state in
            if state.isStopping || state.sockets.count >= limits.connectionsMax { return false }
            state.sockets.insert(number)
            return true
        }
        do {
            guard isWelcome else { throw Errno.resourceBusy }
            try startDetachedThread { [self] in
                ControlSession(provider: provider, limits: limits, isStopping: { self.isStopping })
                    .serve(socket)
                end(socket)
            }
        } catch {
            let reply = ControlReply.failure(
                errno: Errno.resourceBusy.rawValue,
                message: "the daemon answers too many requests at once"
            )
            try? reply.send(over: LineConnection(socket), deadline: MonotonicClock().now)
            end(socket)
        }
    }

    private func end(_ socket: FileDescriptor) {
        _ = sessions.withLock { $0.sockets.remove(socket.rawValue) }
        try? socket.close()
        sessions.wakeAll()
    }
}
