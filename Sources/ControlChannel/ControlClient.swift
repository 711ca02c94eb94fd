internal import Glibc
internal import Support
internal import SystemPackage

/// Asks the daemon of one mount; each call is a conversation of its own.
///
/// Every call blocks until the daemon has answered, and throws `ControlError`: `.refused` with the
/// daemon's reason, `.system` where there is no daemon, and the others if the talk breaks down.
public struct ControlClient: Sendable {
    private let directory: RuntimeDirectory
    private let name: String

    /// Answers come at once but for these, which do I/O; a hung daemon is noticed after so long.
    private static let answerSeconds: UInt64 = 30
    /// The longest answer accepted: ten million dirty ranges, or a million files.
    private static let answerBytesMax = 1 << 30

    /// Finds the daemon of the mount with this device number, which `owner` mounted.
    ///
    /// Looks in each of `places` (see `RuntimeDirectory.places`), and removes a socket that a dead
    /// daemon left behind.
    ///
    /// - Throws: `ECONNREFUSED` in `.system` if nobody serves the mount; `EACCES` in it if this
    ///   user may not ask.
    public static func find(
        device: DeviceNumber,
        owner: UInt32,
        places: [String]
    ) throws(ControlError) -> ControlClient {
        let name = socketName(of: device)
        var failure = ControlError.system(.connectionRefused, call: "no daemon serves it")
        for place in places {
            let directory: RuntimeDirectory
            do throws(ControlError) {
                directory = try RuntimeDirectory.open(place, owner: owner)
            } catch .system(.noSuchFileOrDirectory, _) {
                continue
            } catch {
                failure = error
                continue
            }
            let inode = directory.inode(of: name)
            do throws(ControlError) {
                let socket = try connectSocket(to: name, in: directory)
                try? socket.close()
                return ControlClient(directory: directory, name: name)
            } catch .system(.noSuchFileOrDirectory, _) {
                continue
            } catch .system(.connectionRefused, _) {
                // Unless a new daemon has just put its own in this place.
                if directory.inode(of: name) == inode { directory.remove(name) }
            } catch {
                failure = error
            }
        }
        throw failure
    }

    init(directory: RuntimeDirectory, name: String) {
        self.directory = directory
        self.name = name
    }

    /// The state and counters of the mount.
    public func status() throws(ControlError) -> MountStatus {
        guard case .status(let report) = try ask(.status) else { throw unexpected }
        return report
    }

    /// The dirty ranges of a file; the part asked about is rounded outward to whole pages.
    public func dirtyRanges(_ query: DirtyQuery) throws(ControlError) -> DirtyReport {
        guard case .dirty(let report) = try ask(.dirty(query: query)) else { throw unexpected }
        return report
    }

    /// The files at or below `directory` that are open for writing, below the mountpoint.
    public func filesOpenForWriting(
        under directory: FileReference
    ) throws(ControlError) -> [PathBytes] {
        let reply = try ask(.filesOpenForWriting(under: directory))
        guard case .paths(let list) = reply else { throw unexpected }
        return list
    }

    /// Writes back files, subtrees or the mount; waits as long as it takes.
    public func flush(_ files: [FileReference]) throws(ControlError) -> [FlushReport] {
        var reports: [FlushReport] = []
        // In pieces, so that a request stays within the server's limit whatever the paths.
        for start in stride(from: 0, to: files.count, by: 256) {
            let piece = Array(files[start..<min(files.count, start + 256)])
            guard case .flush(let list) = try ask(.flush(files: piece), answerSeconds: nil) else {
                throw unexpected
            }
            reports += list
        }
        return reports
    }

    /// Suspends background writeback.
    public func freeze() throws(ControlError) {
        guard case .done = try ask(.freeze) else { throw unexpected }
    }

    /// Resumes background writeback.
    public func thaw() throws(ControlError) {
        guard case .done = try ask(.thaw) else { throw unexpected }
    }

    /// Drains and unmounts; returns what is left, with which it stays mounted.
    ///
    /// A complete result means that the mount is gone and the daemon, whose process is given to
    /// `onStart` before the drain begins, is about to end.
    ///
    /// - Throws: `.refused` with `EBUSY` if a process uses the mount; `.connectionClosed` if the
    ///   daemon ended before it could answer.
    public func unmount(
        timeoutMilliseconds: UInt64?,
        onStart: (_ process: Int32) -> Void,
        progress: (DrainProgress) -> Void
    ) throws(ControlError) -> DrainResult {
        let request = ControlRequest.unmount(timeoutMilliseconds: timeoutMilliseconds)
        var result: DrainResult?
        try converse(request, answerSeconds: nil, onStart: onStart) { reply in
            switch reply {
            case .progress(let drain): progress(drain)
            case .drained(let drained): result = drained
            default: return .unexpected
            }
            return result == nil ? .more : .last
        }
        guard let result else { throw unexpected }
        return result
    }

    /// Receives events until `onRecords` returns false or the daemon ends.
    ///
    /// The first call brings no record: it says that events from now on will be seen.
    public func trace(onRecords: ([TraceRecord]) -> Bool) throws(ControlError) {
        do throws(ControlError) {
            try converse(.trace, answerSeconds: nil) { reply in
                guard case .trace(let records) = reply else { return .unexpected }
                return onRecords(records) ? .more : .last
            }
        } catch .connectionClosed {
            return
        }
    }

    /// The process of the daemon, as the kernel knows it.
    public func daemonProcess() throws(ControlError) -> Int32 {
        let socket = try connectSocket(to: name, in: directory)
        defer { try? socket.close() }
        return try LineConnection(socket).peerCredentials().process
    }

    private var unexpected: ControlError { .malformed("an answer to another question") }

    private enum Continuation { case more, last, unexpected }

    private func ask(
        _ request: ControlRequest,
        answerSeconds: UInt64? = answerSeconds
    ) throws(ControlError) -> ControlReply {
        var answer: ControlReply?
        try converse(request, answerSeconds: answerSeconds) { reply in
            answer = reply
            return .last
        }
        guard let answer else { throw .connectionClosed }
        return answer
    }

    /// Sends `request` and hands each reply to `onReply` until that was the last.
    private func converse(
        _ request: ControlRequest,
        answerSeconds: UInt64?,
        onStart: (_ process: Int32) -> Void = { _ in },
        onReply: (ControlReply) -> Continuation
    ) throws(ControlError) {
        let socket = try connectSocket(to: name, in: directory)
        defer { try? socket.close() }
        var connection = LineConnection(socket)
        let soon = Self.answerSeconds
        guard case .hello(let version, _, _) = try reply(from: &connection, withinSeconds: soon)
        else { throw .malformed("no hello") }
        guard version == protocolVersion else { throw .versionMismatch(daemon: version) }
        onStart(try connection.peerCredentials().process)
        let message = ControlMessage(protocol: protocolVersion, request: request)
        try connection.writeLine(try encodeJSON(message), deadline: deadline(inSeconds: soon))
        while true {
            let reply = try reply(from: &connection, withinSeconds: answerSeconds)
            switch onReply(reply) {
            case .more: continue
            case .last: return
            case .unexpected: throw unexpected
            }
        }
    }

    /// The next reply; a failure is thrown.
    private func reply(
        from connection: inout LineConnection,
        withinSeconds seconds: UInt64?
    ) throws(ControlError) -> ControlReply {
        let line = try connection.readLine(
            byteCountMax: Self.answerBytesMax,
            deadline: seconds.map { deadline(inSeconds: $0) }
        )
        guard let line else { throw .connectionClosed }
        let reply = try decodeJSON(ControlReply.self, from: line)
        if case .failure(let errno, let message) = reply {
            throw .refused(errno: errno, message: message)
        }
        return reply
    }
}
