internal import ArgumentParser
internal import ControlChannel

/// `vmofs dirty`.
struct DirtyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dirty",
        abstract: "Show which bytes of FILE are dirty: written, and not yet in BACKING.",
        discussion: """
            Prints the ranges exactly as zx_pager_query_dirty_ranges returns them: offsets and \
            lengths in bytes, in whole pages. OPTIONS is ZERO for a range that is all zeros and \
            needs no data written, otherwise '-'.

            The kernel is asked first to hand over what its write-back cache holds of FILE. \
            Background writeback goes on meanwhile; 'vmofs freeze' suspends it.
            """
    )

    @Flag(help: "Print one JSON document.")
    var json = false

    @Option(help: ArgumentHelp("The first byte to look at (K, M, G, T).", valueName: "N"))
    var offset: ByteSize?

    @Option(help: ArgumentHelp("How many bytes to look at (K, M, G, T).", valueName: "N"))
    var length: ByteSize?

    @Option(help: ArgumentHelp("Print at most so many ranges.", valueName: "N"))
    var limit: UInt64?

    @Argument(help: ArgumentHelp("A file in a mount.", valueName: "FILE"))
    var file: String

    func run() throws {
        let locator = try MountLocator.current()
        let located = try locator.locate(file)
        guard let identity = located.identity, identity.isRegularFile else {
            throw CommandError(
                printable(file),
                "not a regular file",
                remedy: "vmofs status MOUNTPOINT lists the files with dirty pages"
            )
        }
        let client = try locator.client(of: located.mount)
        for error in try KernelHandover.handOver(below: located, client: client) {
            // The ranges that the daemon knows are worth seeing all the same.
            let warning = CommandError(
                printable(file),
                "the kernel could not hand over its dirty pages: \(error.message)"
            )
            Console.error.writeLine(warning.description)
        }
        let query = DirtyQuery(
            file: located.reference,
            offset: offset?.bytes ?? 0,
            length: length?.bytes,
            limit: limit
        )
        let report: DirtyReport
        do throws(ControlError) {
            report = try client.dirtyRanges(query)
        } catch .refused(let errno, let message) where errno != 0 {
            throw CommandError(printable(file), message)
        } catch {
            throw CommandError(error, at: located.mount.mountpoint)
        }
        Console.output.write(json ? try jsonText(report) + "\n" : dirtyText(report))
        if !json, report.avail > report.actual {
            let rest = report.avail - report.actual
            Console.error.writeLine("vmofs: \(printable(file)): \(rest) more ranges (--limit)")
        }
    }
}

/// The dirty ranges for people.
func dirtyText(_ report: DirtyReport) -> String {
    var table = TextTable([("OFFSET", .right), ("LENGTH", .right), ("OPTIONS", .left)])
    for range in report.ranges {
        let options = range.options & 1 == 1 ? "ZERO" : "-"
        table.append(["\(range.offset)", "\(range.length)", options])
    }
    return table.text
}
