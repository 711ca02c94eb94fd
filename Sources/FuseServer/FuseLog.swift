internal import Logging
internal import Support

/// Takes the lines that libfuse would print on standard error.
///
/// libfuse has one log function a process, hence the global state.
enum FuseLog {
    private static let collected = Guarded<[String]?>(nil, rank: .leaf)
    private static let logger = Logger(label: "vmofs.fuse")

    /// From here on lines are kept for `collect` instead of being logged.
    static func beginCollecting() {
        collected.withLock { $0 = [] }
    }

    /// The lines since `beginCollecting`; from here on lines are logged.
    static func collect() -> [String] {
        collected.withLock { lines in
            defer { lines = nil }
            return lines ?? []
        }
    }

    /// Keeps or logs one line.
    static func receive(level: Int32, line: String) {
        let isKept = collected.withLock { lines in
            lines?.append(line)
            return lines != nil
        }
        if isKept { return }
        switch level {
        case ...3: logger.error("\(line)")
        case 4: logger.warning("\(line)")
        case 5: logger.notice("\(line)")
        case 6: logger.info("\(line)")
        default: logger.debug("\(line)")
        }
    }

    /// Logs a failure of our own transport.
    static func report(_ line: String) {
        logger.error("\(line)")
    }
}

/// Called by `cfuse3_log_line` with one line of libfuse's log.
@c(vmofs_fuse_log)
func receiveFuseLog(level: Int32, line: UnsafePointer<CChar>?) {
    guard let line = unsafe line else { return }
    // SAFETY: libfuse's line is a NUL-terminated buffer of the C caller that outlives this call.
    let text = unsafe String(cString: line)
    FuseLog.receive(level: level, line: text.last == "\n" ? String(text.dropLast()) : text)
}
