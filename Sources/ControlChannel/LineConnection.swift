internal import CLinux
internal import Glibc
internal import Support
internal import SystemPackage

/// One end of a unix stream socket that carries lines of JSON; whoever opened it closes it.
///
/// Every wait has a deadline in nanoseconds of the monotonic clock, so that a silent or a slow
/// peer costs a bounded time.
struct LineConnection: ~Copyable {
    private let socket: FileDescriptor
    /// Bytes received and not yet returned.
    private var received: [UInt8] = []

    /// Reads and writes a connected socket.
    init(_ socket: FileDescriptor) {
        self.socket = socket
    }

    /// The next line without its end; nil where the peer closed the connection between lines.
    ///
    /// - Throws: `.lineTooLong` beyond `byteCountMax`, `.timedOut`, `.connectionClosed` inside a
    ///   line, `.system`.
    mutating func readLine(
        byteCountMax: Int,
        deadline: UInt64?
    ) throws(ControlError) -> [UInt8]? {
        var searched = 0
        while true {
            if let end = received[searched...].firstIndex(of: UInt8(ascii: "\n")) {
                guard end <= byteCountMax else { throw .lineTooLong }
                let line = Array(received[..<end])
                received.removeSubrange(...end)
                return line
            }
            searched = received.count
            guard received.count <= byteCountMax else { throw .lineTooLong }
            guard try receive(deadline: deadline) else {
                if received.isEmpty { return nil }
                throw .connectionClosed
            }
        }
    }

    /// Sends a line; `bytes` hold no newline.
    ///
    /// - Throws: `.timedOut` if the peer does not read, `.connectionClosed`, `.system`.
    func writeLine(_ bytes: [UInt8], deadline: UInt64?) throws(ControlError) {
        let line = bytes + [UInt8(ascii: "\n")]
        var sent = 0
        while sent < line.count {
            // SAFETY: the buffer is lent by the array for the call, and `sent` is within it.
            let count = unsafe line.withUnsafeBytes { buffer in
                let rest = unsafe UnsafeRawBufferPointer(rebasing: buffer[sent...])
                return unsafe send(
                    socket.rawValue,
                    rest.baseAddress,
                    rest.count,
                    Int32(MSG_DONTWAIT | MSG_NOSIGNAL)
                )
            }
            if count >= 0 {
                sent += count
            } else {
                try waitAfterFailure(for: Int16(POLLOUT), deadline: deadline, call: "send")
            }
        }
    }

    /// Whether the peer has closed its end, without waiting.
    var isPeerGone: Bool {
        var byte: UInt8 = 0
        // SAFETY: `byte` is one byte long, as the call is told, and lives through the call.
        let count = unsafe recv(
            socket.rawValue,
            &byte,
            1,
            Int32(MSG_DONTWAIT | MSG_PEEK)
        )
        return count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)
    }

    /// The process and user at the other end, as they were when it connected (or listened).
    ///
    /// Source: unix(7), SO_PEERCRED.
    func peerCredentials() throws(ControlError) -> (process: Int32, user: UInt32) {
        var process: pid_t = 0
        var user: uid_t = 0
        // SAFETY: both variables live through the call, which writes one value to each.
        guard unsafe clinux_peer_credentials(socket.rawValue, &process, &user) == 0 else {
            throw .system(Errno(rawValue: errno), call: "SO_PEERCRED")
        }
        return (process, user)
    }

    /// Receives what there is, waiting for something; false where the peer has closed.
    private mutating func receive(deadline: UInt64?) throws(ControlError) -> Bool {
        while true {
            var count = -1
            var error: Int32 = 0
            let chunk = unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) { buffer, filled in
                // SAFETY: recv(2) fills at most the buffer that the array lends to this call.
                count = unsafe recv(
                    socket.rawValue,
                    buffer.baseAddress,
                    buffer.count,
                    Int32(MSG_DONTWAIT)
                )
                error = errno
                filled = max(count, 0)
            }
            if count == 0 { return false }
            if count > 0 {
                received += chunk
                return true
            }
            errno = error
            try waitAfterFailure(for: Int16(POLLIN), deadline: deadline, call: "recv")
        }
    }

    /// Waits for `events` if the last call only would have blocked; otherwise throws its error.
    private func waitAfterFailure(
        for events: Int16,
        deadline: UInt64?,
        call: String
    ) throws(ControlError) {
        switch errno {
        case EINTR: return
        case EAGAIN: break
        case EPIPE, ECONNRESET: throw .connectionClosed
        default: throw .system(Errno(rawValue: errno), call: call)
        }
        let now = MonotonicClock().now
        if let deadline, deadline <= now { throw .timedOut }
        // Rounded up, so that the wait does not end just before the deadline and spin.
        let milliseconds = deadline.map { min(($0 - now) / 1_000_000 + 1, 1 << 30) }
        var waited = pollfd(fd: socket.rawValue, events: events, revents: 0)
        // SAFETY: `waited` is one pollfd, as the call is told, and lives through the call.
        let result = unsafe poll(&waited, 1, milliseconds.map(Int32.init) ?? -1)
        if result < 0 && errno != EINTR { throw .system(Errno(rawValue: errno), call: "poll") }
    }
}

/// The moment `seconds` from now.
func deadline(inSeconds seconds: UInt64) -> UInt64 {
    MonotonicClock().now + seconds * 1_000_000_000
}
