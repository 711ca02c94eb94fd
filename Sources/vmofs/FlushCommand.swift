internal import ArgumentParser
internal import ControlChannel

/// `vmofs flush`.
struct FlushCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flush",
        abstract: "Write back files, subtrees or whole mounts, and wait.",
        discussion: """
            PATH is a file, a directory with all below it, or a mountpoint. What the kernel's \
            write-back cache holds of it is included. Returns when everything that was dirty \
            before is in BACKING and synced to its device, and says what that took: bytes and \
            runs of data written, and holes in place of zeros.

            Use it where you would use sync(1), which does not reach a FUSE file system. Exits \
            with 1 if something could not be written; it stays dirty and is tried again.
            """
    )

    @Flag(help: "Print one JSON document.")
    var json = false

    @Argument(help: ArgumentHelp("What to write back.", valueName: "PATH"))
    var paths: [String]

    /// The document of `flush --json`.
    private struct Document: Encodable {
        var paths: [FlushReport] = []
    }

    func run() throws {
        let locator = try MountLocator.current()
        // All are looked up before the first is written back: a typing error should cost nothing.
        let files = try paths.map { try locator.locate($0) }
        var reports: [FlushReport] = []
        for file in files {
            reports.append(try flush(file, locator))
        }
        if json {
            Console.output.writeLine(try jsonText(Document(paths: reports)))
        } else {
            Console.output.write(flushText(reports))
        }
        let errors = reports.flatMap(\.errors)
        if errors.isEmpty { return }
        for error in errors {
            let failure = CommandError(
                printable(error.file),
                printable(error.rangeDescription),
                remedy: "it stays dirty and is tried again"
            )
            Console.error.writeLine(failure.description)
        }
        throw CommandError.exit(1)
    }

    private func flush(
        _ file: LocatedFile,
        _ locator: MountLocator
    ) throws(CommandError) -> FlushReport {
        let client = try locator.client(of: file.mount)
        let kernelErrors = try KernelHandover.handOver(below: file, client: client)
        do throws(ControlError) {
            guard var report = try client.flush([file.reference]).first else {
                throw ControlError.malformed("no report")
            }
            report.path = file.path.description
            report.errors = kernelErrors + report.errors
            return report
        } catch {
            throw CommandError(error, at: file.mount.mountpoint)
        }
    }
}

/// What was written, for people.
func flushText(_ reports: [FlushReport]) -> String {
    var table = TextTable([
        ("FILES", .right), ("BYTES", .right), ("RUNS", .right), ("HOLES", .right),
        ("ERRORS", .right), ("PATH", .left),
    ])
    for report in reports {
        table.append([
            "\(report.files)", "\(report.bytes)", "\(report.runs)", "\(report.holes)",
            "\(report.errors.count)", printable(report.path),
        ])
    }
    return table.text
}
