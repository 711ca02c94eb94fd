internal import ControlChannel
internal import Logging
internal import Support
internal import SystemPackage

/// Hands page events to whoever traces the mount, and errors to the log as well.
struct DaemonEvents: PageEventSink {
    let trace: TraceRing
    let logger: Logger

    var isListening: Bool { trace.isListening }

    func emit(_ event: PageEvent) {
        if event.kind == .error {
            let errno = event.fields["errno"].flatMap { Int32($0) } ?? 0
            logger.error(
                """
                \(event.file): [\(event.offset),\(event.offset + event.length)): \
                \(Errno(rawValue: errno))
                """
            )
        }
        if trace.isListening { trace.emit(event) }
    }
}
