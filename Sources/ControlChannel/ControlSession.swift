internal import Glibc
internal import Support
internal import SystemPackage

/// One conversation of the control server: hello, a request, its replies.
struct ControlSession: Sendable {
    let provider: any InspectionProvider
    let limits: ControlLimits
    /// Whether the server is about to end.
    let isStopping: @Sendable () -> Bool

    /// Speaks with the client at the other end of `socket` until the request is answered or the
    /// client is gone; never throws, as there is nobody to tell.
    func serve(_ socket: FileDescriptor) {
        var connection = LineConnection(socket)
        do throws(ControlError) {
            try authorize(connection)
            try send(
                .hello(protocol: protocolVersion, version: vmofsVersion, process: getpid()),
                over: connection
            )
            guard
                let line = try connection.readLine(
                    byteCountMax: limits.requestBytesMax,
                    deadline: deadline(inSeconds: limits.peerSeconds)
                )
            else { return }
            let message = try decodeJSON(ControlMessage.self, from: line)
            guard message.protocol == protocolVersion else {
                throw .versionMismatch(daemon: protocolVersion)
            }
            try answer(message.request, over: connection)
        } catch .connectionClosed {
            return
        } catch {
            // The client may be gone or not reading; then this fails as well, in bounded time.
            try? send(ControlReply(failure: error), over: connection)
        }
    }

    /// - Throws: `.refused` unless the peer is this process's user or root.
    private func authorize(_ connection: borrowing LineConnection) throws(ControlError) {
        let user = try connection.peerCredentials().user
        guard Self.mayAsk(user, owner: geteuid()) else {
            throw .refused(
                errno: EACCES,
                message: "only the user who mounted it and root may ask"
            )
        }
    }

    /// Whether `user` may see and steer the mount of `owner`.
    static func mayAsk(_ user: UInt32, owner: UInt32) -> Bool {
        user == owner || user == 0
    }

    private func answer(
        _ request: ControlRequest,
        over connection: borrowing LineConnection
    ) throws(ControlError) {
        switch request {
        case .status:
            try send(.status(report: provider.status()), over: connection)
        case .dirty(let query):
            let report: DirtyReport
            do throws(Errno) {
                report = try provider.dirtyRanges(try query.roundedOutward())
            } catch {
                throw .refused(errno: error.rawValue, message: error.description)
            }
            try send(.dirty(report: report), over: connection)
        case .filesOpenForWriting(let directory):
            try send(
                .paths(list: provider.filesOpenForWriting(under: directory)),
                over: connection
            )
        case .flush(let files):
            try send(.flush(reports: provider.flush(files)), over: connection)
        case .freeze:
            provider.freeze()
            try send(.done, over: connection)
        case .thaw:
            provider.thaw()
            try send(.done, over: connection)
        case .unmount(let timeoutMilliseconds):
            try unmount(timeoutMilliseconds: timeoutMilliseconds, over: connection)
        case .trace:
            try trace(over: connection)
        }
    }

    /// Drains, then unmounts if nothing is left; stops between two progress reports once the time
    /// is over or the client is gone, so that an interrupted `vmofs unmount` leaves the mount.
    private func unmount(
        timeoutMilliseconds: UInt64?,
        over connection: borrowing LineConnection
    ) throws(ControlError) {
        let start = MonotonicClock().now
        var isClientGone = false
        let result = provider.drain { progress in
            do {
                try send(.progress(drain: progress), over: connection)
            } catch {
                isClientGone = true
            }
            let elapsed = (MonotonicClock().now - start) / 1_000_000
            let isLate = timeoutMilliseconds.map { elapsed >= $0 } ?? false
            return !isLate && !isClientGone && !connection.isPeerGone
        }
        if isClientGone || connection.isPeerGone { return }
        if result.isComplete {
            do throws(Errno) {
                try provider.requestUnmount()
            } catch {
                throw .refused(errno: error.rawValue, message: error.description)
            }
        }
        try send(.drained(result: result), over: connection)
    }

    /// Sends what happens until the client or the server ends; an empty batch says that the
    /// subscription stands.
    private func trace(over connection: borrowing LineConnection) throws(ControlError) {
        let subscription = provider.traceRing.subscribe()
        try send(.trace(records: []), over: connection)
        while !isStopping(), !connection.isPeerGone {
            guard
                let batch = subscription.next(until: deadline(inSeconds: limits.traceIdleSeconds))
            else { return }
            var records: [TraceRecord] = []
            if batch.droppedBefore > 0 {
                let time = batch.events.first?.time ?? wallClockNanoseconds()
                records.append(TraceRecord(dropped: batch.droppedBefore, time: time))
            }
            records += batch.events.map(TraceRecord.init(_:))
            if !records.isEmpty { try send(.trace(records: records), over: connection) }
        }
    }

    private func send(
        _ reply: ControlReply,
        over connection: borrowing LineConnection
    ) throws(ControlError) {
        try reply.send(over: connection, deadline: deadline(inSeconds: limits.peerSeconds))
    }
}

extension ControlReply {
    /// The reply that tells a client why its request failed.
    init(failure error: ControlError) {
        switch error {
        case .refused(let errno, let message): self = .failure(errno: errno, message: message)
        case .system(let errno, _):
            self = .failure(errno: errno.rawValue, message: error.description)
        default: self = .failure(errno: 0, message: error.description)
        }
    }
}

extension DirtyQuery {
    /// The same question about whole pages, as `zx_pager_query_dirty_ranges` wants them.
    ///
    /// - Throws: `EINVAL` where the part ends beyond what an offset can say.
    func roundedOutward() throws(Errno) -> DirtyQuery {
        var query = self
        query.offset -= offset % pageSize
        guard let length else { return query }
        guard let range = ByteRange(offset: offset, length: length) else { throw .invalidArgument }
        let pages = range.pagesRoundedOutward
        let (end, overflow) = pages.end.multipliedReportingOverflow(by: pageSize)
        guard !overflow else { throw .invalidArgument }
        query.length = end - query.offset
        return query
    }
}
