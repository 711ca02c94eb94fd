internal import CLinux
internal import Glibc
internal import Logging

/// Where the daemon's log goes: standard error in the foreground, else syslog(3).
enum DaemonLog {
    /// A logger for the daemon.
    static func logger(isForeground: Bool) -> Logger {
        Logger(label: "vmofs") { _ in DaemonLogHandler(isForeground: isForeground) }
    }
}

/// Writes one line a message, without metadata.
private struct DaemonLogHandler: LogHandler {
    let isForeground: Bool
    var logLevel: Logger.Level = .info
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let text = printable("\(event.message)")
        if isForeground {
            Console.error.writeLine("vmofs: \(event.level): \(text)")
        } else {
            // SAFETY: the text lives through the call as a C string.
            unsafe clinux_log(priority(of: event.level), text)
        }
    }

    private func priority(of level: Logger.Level) -> Int32 {
        switch level {
        case .trace, .debug: LOG_DEBUG
        case .info: LOG_INFO
        case .notice: LOG_NOTICE
        case .warning: LOG_WARNING
        case .error: LOG_ERR
        case .critical: LOG_CRIT
        }
    }
}
