internal import ArgumentParser
internal import ControlChannel

/// `vmofs status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show a mount's counters and its files with dirty pages, or list the mounts.",
        discussion: """
            With MOUNTPOINT, shows the state and the counters of that mount; counters count from \
            the moment it was mounted. Without, lists the mounts of this user, and for root those \
            of all users. Sizes are in bytes.

            What the kernel's write-back cache holds is not in these numbers; 'vmofs dirty' and \
            'vmofs flush' ask the kernel for it first.
            """
    )

    @Flag(help: "Print one JSON document.")
    var json = false

    @Argument(help: ArgumentHelp("A mountpoint.", valueName: "MOUNTPOINT"))
    var mountpoint: String?

    func run() throws {
        let locator = try MountLocator.current()
        guard let mountpoint else { return try list(locator) }
        let mount = try locator.mount(at: mountpoint)
        let status = try status(of: mount, locator)
        Console.output.write(json ? try jsonText(status) + "\n" : statusText(status))
    }

    private func status(
        of mount: MountEntry,
        _ locator: MountLocator
    ) throws(CommandError) -> MountStatus {
        let client = try locator.client(of: mount)
        do throws(ControlError) {
            return try client.status()
        } catch {
            throw CommandError(error, at: mount.mountpoint)
        }
    }

    /// All mounts that can be asked, and with them those that cannot, with the reason.
    private func list(_ locator: MountLocator) throws {
        var list = MountList()
        for mount in locator.ownMounts {
            do throws(CommandError) {
                list.mounts.append(try status(of: mount, locator))
            } catch {
                list.unreachable.append(
                    MountList.Unreachable(
                        mountpoint: mount.mountpoint.description,
                        backing: mount.source.description,
                        error: error.why
                    )
                )
            }
        }
        Console.output.write(json ? try jsonText(list) + "\n" : mountListText(list))
    }
}

/// The document of `status --json` without a mountpoint.
struct MountList: Codable, Equatable {
    /// A mount whose daemon does not answer.
    struct Unreachable: Codable, Equatable {
        var mountpoint: String
        var backing: String
        var error: String
    }

    var mounts: [MountStatus] = []
    var unreachable: [Unreachable] = []
}
