public import SystemPackage

/// The mounts that this process sees.
public struct MountTable: Sendable {
    /// The mounts, in the order in which they were made; a later one hides an earlier one at the
    /// same place.
    public var entries: [MountEntry]

    /// Makes a table of these mounts.
    public init(entries: [MountEntry]) {
        self.entries = entries
    }

    /// Reads the text of /proc/self/mountinfo; lines of another form are left out.
    public init(mountinfo: [UInt8]) {
        entries = mountinfo.split(separator: UInt8(ascii: "\n")).compactMap(MountEntry.init(line:))
    }

    /// Reads /proc/self/mountinfo; touches no mounted file system, so a dead one does not block.
    ///
    /// - Throws: what open(2) and read(2) say, where /proc is not mounted.
    public static func current() throws(Errno) -> MountTable {
        MountTable(mountinfo: try readWholeFile("/proc/self/mountinfo"))
    }

    /// The mount that is seen at exactly this absolute path.
    public func mount(at path: PathBytes) -> MountEntry? {
        mounts(at: path).last
    }

    /// The mounts at exactly this absolute path, each hiding those before it.
    public func mounts(at path: PathBytes) -> [MountEntry] {
        entries.filter { $0.mountpoint == path }
    }

    /// The mount that an absolute path without symbolic links lies in.
    public func mount(enclosing path: PathBytes) -> MountEntry? {
        var best: MountEntry?
        for entry in entries where path.relative(to: entry.mountpoint) != nil {
            if entry.mountpoint.bytes.count >= best?.mountpoint.bytes.count ?? 0 { best = entry }
        }
        return best
    }

    /// The mounts of this program, each file system once, where it was mounted first.
    public var vmofsMounts: [MountEntry] {
        var seen: Set<DeviceNumber> = []
        return entries.filter { $0.isVmofs && seen.insert($0.device).inserted }
    }
}

/// The bytes of a file, also of one in /proc, whose size stat(2) does not know.
///
/// - Throws: what open(2) and read(2) say.
public func readWholeFile(_ path: FilePath) throws(Errno) -> [UInt8] {
    do {
        let file = try FileDescriptor.open(path, .readOnly, options: .closeOnExec)
        return try file.closeAfter {
            var bytes: [UInt8] = []
            while true {
                let chunk = try unsafe [UInt8](unsafeUninitializedCapacity: 1 << 16) {
                    buffer,
                    count in
                    // SAFETY: read(2) fills at most the buffer that the array lends to this call.
                    count = unsafe try file.read(into: UnsafeMutableRawBufferPointer(buffer))
                }
                if chunk.isEmpty { return bytes }
                bytes += chunk
            }
        }
    } catch let error as Errno {
        throw error
    } catch {
        throw .ioError
    }
}
