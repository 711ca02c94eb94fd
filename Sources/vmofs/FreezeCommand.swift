internal import ArgumentParser
internal import ControlChannel

/// `vmofs freeze`.
struct FreezeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "freeze",
        abstract: "Suspend background writeback, to look at dirty state in peace.",
        discussion: """
            Dirty pages stay dirty until 'vmofs thaw'. fsync(2), 'vmofs flush' and 'vmofs unmount' \
            still write back, and so does a shortage of memory, so that no writer waits for a thaw.
            """
    )

    @Argument(help: ArgumentHelp("A mountpoint.", valueName: "MOUNTPOINT"))
    var mountpoint: String

    func run() throws {
        try ask(mountpoint) { client throws(ControlError) in try client.freeze() }
    }
}

/// `vmofs thaw`.
struct ThawCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "thaw",
        abstract: "Resume background writeback after 'vmofs freeze'."
    )

    @Argument(help: ArgumentHelp("A mountpoint.", valueName: "MOUNTPOINT"))
    var mountpoint: String

    func run() throws {
        try ask(mountpoint) { client throws(ControlError) in try client.thaw() }
    }
}

private func ask(
    _ mountpoint: String,
    _ request: (ControlClient) throws(ControlError) -> Void
) throws(CommandError) {
    let locator = try MountLocator.current()
    let mount = try locator.mount(at: mountpoint)
    let client = try locator.client(of: mount)
    do throws(ControlError) {
        try request(client)
    } catch {
        throw CommandError(error, at: mount.mountpoint)
    }
}
