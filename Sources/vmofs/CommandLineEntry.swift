internal import ArgumentParser
internal import ControlChannel

/// Runs what the command line asks for and returns the exit code.
///
/// `arguments` begin with the name by which the program was called, which makes it a helper of
/// mount(8) if it is `mount.vmofs` or `mount.fuse.vmofs`.
///
/// Exit codes: those of mount(8) for a mount (1 usage or permission, 2 system, 32 mount failed),
/// else 1 if the request failed and 64 for wrong usage.
func runCommandLine(_ arguments: [String]) -> Int32 {
    let name = arguments.first?.split(separator: "/").last.map(String.init) ?? "vmofs"
    let rest = Array(arguments.dropFirst())
    do {
        if MountHelperArguments.isHelperName(name) {
            try runMountHelper(rest)
        } else {
            var command = try VmofsCommand.parseAsRoot(rest)
            try command.run()
        }
        return 0
    } catch let error as CommandError {
        if !error.isSilent { Console.error.writeLine(error.description) }
        return error.exitCode
    } catch {
        return report(parserError: error, subcommand: rest.first)
    }
}

/// Prints help, the version, or what is wrong with the usage.
///
/// ArgumentParser's own exit prints usage errors on several lines and cannot tell `mount`, whose
/// exit code for them is 1, from the others.
private func report(parserError error: any Error, subcommand: String?) -> Int32 {
    if VmofsCommand.exitCode(for: error).isSuccess {
        Console.output.writeLine(VmofsCommand.fullMessage(for: error))
        return 0
    }
    let isKnown = VmofsCommand.configuration.subcommands.contains {
        $0._commandName == subcommand
    }
    if let subcommand, !isKnown, !subcommand.hasPrefix("-") {
        let failure = CommandError(
            "usage",
            "unknown command '\(printable(subcommand))'",
            remedy: "see vmofs --help",
            exitCode: .usage
        )
        Console.error.writeLine(failure.description)
        return failure.exitCode
    }
    let help = isKnown ? "vmofs \(subcommand ?? "") --help" : "vmofs --help"
    let failure = CommandError(
        "usage",
        VmofsCommand.message(for: error),
        remedy: "see \(help)",
        exitCode: subcommand == "mount" ? .usageOfMount : .usage
    )
    Console.error.writeLine(failure.description)
    return failure.exitCode
}

/// The program's commands.
struct VmofsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "vmofs",
        abstract: "A file system that shows which bytes are dirty, and writes back only those.",
        discussion: """
            vmofs shows a directory, BACKING, at another place, MOUNTPOINT. Each file is held in \
            memory as a pager-backed VMO, as in Zircon. What applications write stays there, is \
            known page by page as dirty, and is written back to BACKING after a while, on fsync, \
            or with 'vmofs flush'; runs of zeros become holes.

              vmofs mount /srv/data /mnt          mounts /srv/data at /mnt
              vmofs dirty /mnt/file               shows which of its bytes are not yet in /srv/data
              vmofs flush /mnt                    writes everything back and waits
              vmofs unmount /mnt                  does that, unmounts, and waits for the daemon

            sync(1) and syncfs(2) do not reach a FUSE file system: use 'vmofs flush'.
            """,
        version: "vmofs \(vmofsVersion)",
        subcommands: [
            MountCommand.self, UnmountCommand.self, StatusCommand.self, DirtyCommand.self,
            FlushCommand.self, TraceCommand.self, FreezeCommand.self, ThawCommand.self,
            BackgroundCommand.self,
        ]
    )
}
