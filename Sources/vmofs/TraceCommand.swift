internal import ArgumentParser
internal import ControlChannel

/// `vmofs trace`.
struct TraceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trace",
        abstract: "Show what happens to pages until interrupted.",
        discussion: """
            Prints one line an event: dirty (pages became dirty), read_request and supply (absent \
            pages came from BACKING), writeback_begin, written, hole, writeback_end (the steps of \
            a writeback), evict, throttle (a writer was made to wait), and error. A line 'dropped' \
            says how many events were lost because the reader was too slow.

            MOUNTPOINT may be left out if there is only one mount. With --json each line is an \
            object with time (nanoseconds since the epoch), event, file, offset, length, and what \
            else belongs to the event.
            """
    )

    @Flag(help: "Print one JSON object a line.")
    var json = false

    @Argument(help: ArgumentHelp("A mountpoint.", valueName: "MOUNTPOINT"))
    var mountpoint: String?

    func run() throws {
        let locator = try MountLocator.current()
        let mount = try mountpoint.map { try locator.mount(at: $0) } ?? onlyMount(locator)
        let client = try locator.client(of: mount)
        var isFirst = true
        var failure: (any Error)?
        do throws(ControlError) {
            try client.trace { records in
                if isFirst && !json { Console.output.write(traceHeading) }
                isFirst = false
                do {
                    var text = ""
                    for record in records {
                        text += json ? try jsonText(record) + "\n" : traceLine(record)
                    }
                    Console.output.write(text)
                    return true
                } catch {
                    failure = error
                    return false
                }
            }
        } catch {
            throw CommandError(error, at: mount.mountpoint)
        }
        if let failure { throw failure }
    }

    private func onlyMount(_ locator: MountLocator) throws(CommandError) -> MountEntry {
        let mounts = locator.ownMounts
        if let mount = mounts.first, mounts.count == 1 { return mount }
        throw CommandError(
            "trace",
            mounts.isEmpty ? "nothing is mounted" : "there are \(mounts.count) mounts",
            remedy: mounts.isEmpty ? "vmofs mount BACKING MOUNTPOINT" : "name one of them"
        )
    }
}

/// The heading of `traceLine`.
let traceHeading = "TIME                EVENT                  OFFSET        LENGTH  FILE\n"

/// An event for people, in columns of fixed width, as nobody knows how wide the next ones will be.
func traceLine(_ record: TraceRecord) -> String {
    let fraction = "\(record.time % 1_000_000_000 / 1000)".padded(toWidth: 6, with: "0")
    var line = "\(record.time / 1_000_000_000).\(fraction)".filledUp(toWidth: 18)
    line += "  " + record.event.filledUp(toWidth: 15)
    line += "  " + "\(record.offset)".padded(toWidth: 12, with: " ")
    line += "  " + "\(record.length)".padded(toWidth: 12, with: " ")
    line += "  " + (record.file.isEmpty ? "-" : printable(record.file))
    for (name, value) in record.fields.sorted(by: { $0.key < $1.key }) {
        line += "  \(printable(name))=\(printable(value))"
    }
    return line + "\n"
}

extension String {
    /// Puts `filler` before the text until it is so wide.
    fileprivate func padded(toWidth width: Int, with filler: Character) -> String {
        String(repeating: filler, count: max(0, width - count)) + self
    }

    /// Puts spaces after the text until it is so wide.
    fileprivate func filledUp(toWidth width: Int) -> String {
        self + String(repeating: " ", count: max(0, width - count))
    }
}
