/// The lines that a starting daemon writes for its launcher.
enum DaemonReport {
    /// The descriptor that they are written to.
    static let descriptor: Int32 = 3

    private static let ready = "VMOFS READY"
    private static let failed = "VMOFS FAILED "
    /// Parts the reason from the remedy; no message has one.
    private static let separator: Character = "\u{1F}"

    /// The line, with its end.
    static func line(for readiness: DaemonReadiness) -> String {
        switch readiness {
        case .ready: return ready + "\n"
        case .failed(let why, let remedy):
            let text = why + (remedy.map { String(separator) + $0 } ?? "")
            return failed + text.split(whereSeparator: \.isNewline).joined(separator: "; ") + "\n"
        }
    }

    /// What a line says; nil for a line of somebody else, such as libfuse.
    static func readiness(from line: String) -> DaemonReadiness? {
        if line == ready { return .ready }
        guard line.hasPrefix(failed) else { return nil }
        let parts = line.dropFirst(failed.count).split(
            separator: separator,
            maxSplits: 1,
            omittingEmptySubsequences: false
        )
        return .failed(
            why: String(parts.first ?? ""),
            remedy: parts.count == 2 ? String(parts[1]) : nil
        )
    }
}
