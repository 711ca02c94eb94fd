public import SystemPackage

/// Why a conversation over the control channel failed.
public enum ControlError: Error, Hashable {
    /// A system call failed; `call` says what was tried, on what.
    case system(Errno, call: String)
    /// The other side closed the connection before it had said everything.
    case connectionClosed
    /// The other side did not answer, or did not read, in time.
    case timedOut
    /// A line was longer than the reader accepts.
    case lineTooLong
    /// A line was not a message of this protocol.
    case malformed(String)
    /// The daemon speaks another version of the protocol.
    case versionMismatch(daemon: Int)
    /// The daemon understood and refused; `errno` 0 where no system call is to blame.
    case refused(errno: Int32, message: String)
    /// A directory for sockets is not safe to use; `remedy` says what to do about it.
    case unsafeDirectory(String, remedy: String)
    /// Something else already listens where a server was to listen.
    case alreadyServed(String)
}

extension ControlError: CustomStringConvertible {
    /// One phrase, without a remedy.
    public var description: String {
        switch self {
        case .system(let errno, let call): "\(call): \(errno.description)"
        case .connectionClosed: "the daemon closed the connection"
        case .timedOut: "the daemon does not answer"
        case .lineTooLong: "the daemon's answer is longer than expected"
        case .malformed(let detail): "not a message of the control protocol: \(detail)"
        case .versionMismatch(let daemon):
            "the daemon speaks version \(daemon) of the control protocol, not \(protocolVersion)"
        case .refused(_, let message): message
        case .unsafeDirectory(let reason, let remedy): "\(reason) (\(remedy))"
        case .alreadyServed(let path): "another daemon listens on \(path)"
        }
    }
}
