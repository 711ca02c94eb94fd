internal import CLinux
internal import Glibc
internal import SystemPackage

/// Runs `body` with the file system ids and the groups of `caller`, on this thread alone.
///
/// Only a daemon of root's can and does; otherwise, or if the caller has the same ids, `body` runs
/// as it is. `body` must not hand work to another thread.
///
/// Errors: those of `body`; EPERM if the kernel refuses the ids, as for one that the daemon's user
/// namespace does not map.
func withCredentials<Result>(
    of caller: Caller,
    _ body: () throws(Errno) -> Result
) throws(Errno) -> Result {
    let daemon = ThreadCredentials.current()
    if geteuid() != 0 || (caller.uid == daemon.uid && caller.gid == daemon.gid) {
        return try body()
    }
    // Root passes every check that groups are for.
    let groups = caller.uid == 0 ? daemon.groups : supplementaryGroups(of: caller) ?? []
    defer {
        // Going on with another user's rights would be worse than not going on.
        precondition(daemon.assume(), "cannot return to uid \(daemon.uid), gid \(daemon.gid)")
    }
    guard ThreadCredentials(uid: caller.uid, gid: caller.gid, groups: groups).assume() else {
        throw .notPermitted
    }
    return try body()
}

extension Caller {
    /// Whether the caller's group, or one of its supplementary groups, is `gid`.
    public func isMember(of gid: UInt32) -> Bool {
        self.gid == gid || (supplementaryGroups(of: self)?.contains(gid) ?? false)
    }
}

/// What the kernel checks this thread's file system calls against.
private struct ThreadCredentials {
    /// The id that no user has: setting it changes nothing and returns the present one.
    private static let nobody = UInt32.max

    var uid: UInt32
    var gid: UInt32
    var groups: [UInt32]

    /// Those of this thread now.
    static func current() -> ThreadCredentials {
        ThreadCredentials(
            uid: clinux_setfsuid(nobody),
            gid: clinux_setfsgid(nobody),
            groups: currentGroups()
        )
    }

    /// Makes them this thread's; false if it has other ids afterwards.
    ///
    /// Groups may stay what they were: a user namespace can forbid setting them altogether.
    func assume() -> Bool {
        _ = unsafe clinux_setgroups_of_thread(groups.count, groups)
        _ = clinux_setfsgid(gid)
        _ = clinux_setfsuid(uid)
        return clinux_setfsuid(Self.nobody) == uid && clinux_setfsgid(Self.nobody) == gid
    }

    private static func currentGroups() -> [UInt32] {
        let count = clinux_getgroups_of_thread(0, nil)
        if count <= 0 { return [] }
        var groups = [UInt32](repeating: 0, count: Int(count))
        // SAFETY: the array has room for the `count` ids that the kernel is told of.
        let filled = unsafe clinux_getgroups_of_thread(count, &groups)
        return Array(groups.prefix(Int(max(filled, 0))))
    }
}

/// The supplementary groups of the thread behind a request; nil if it cannot be seen, or if its
/// number belongs to somebody else by now.
func supplementaryGroups(of caller: Caller) -> [UInt32]? {
    if caller.pid == 0 { return nil }
    // Any thread's number works here, although only those of whole processes are listed.
    guard let status = try? SystemCalls.contents(ofFile: "/proc/\(caller.pid)/status") else {
        return nil
    }
    // Real, effective, saved, file system.
    guard let uids = numbers(of: "Uid:", in: status), uids.count == 4, uids[3] == caller.uid else {
        return nil
    }
    return numbers(of: "Groups:", in: status)
}

/// The numbers in the line of a `/proc/PID/status` that begins with `label`.
///
/// On the path of each creation by another user, hence no strings and no array of lines.
private func numbers(of label: String, in status: [UInt8]) -> [UInt32]? {
    let label = Array(label.utf8)
    var line = status[...]
    while !line.starts(with: label) {
        guard let end = line.firstIndex(of: UInt8(ascii: "\n")) else { return nil }
        line = line[(end + 1)...]
    }
    var numbers: [UInt32] = []
    var number: UInt32?
    for byte in line.dropFirst(label.count) {
        if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            number = (number ?? 0) &* 10 &+ UInt32(byte - UInt8(ascii: "0"))
            continue
        }
        if let complete = number { numbers.append(complete) }
        number = nil
        if byte == UInt8(ascii: "\n") { break }
    }
    return numbers
}
