internal import ControlChannel
internal import Glibc
internal import SystemPackage

/// A process that keeps a mount busy.
struct BusyProcess: Hashable, CustomStringConvertible {
    var process: Int32
    var name: String
    /// The file that it uses, below the mountpoint; empty for the mount's root.
    var path: PathBytes

    var description: String {
        let file = path.isEmpty ? "the root" : printable(path)
        return "process \(process) (\(printable(name))) uses \(file)"
    }
}

/// Finds the processes that keep a mount busy, from the links in /proc, which say where files lie
/// without a look at the files.
enum BusyProcesses {
    /// The processes that have something of the mount open, as working directory, root or program,
    /// each with the first file found; only those that this user may look at.
    static func using(_ mountpoint: PathBytes) -> [BusyProcess] {
        others { firstUse(of: mountpoint, by: $0) }
    }

    /// The processes in other mount namespaces that see a mount.
    static func seeing(_ mount: MountEntry) -> [BusyProcess] {
        let own = target(of: "/proc/self/ns/mnt")
        return others { directory in
            guard let namespace = target(of: "\(directory)/ns/mnt"), namespace != own else {
                return nil
            }
            let table = try? readWholeFile(FilePath("\(directory)/mountinfo"))
            let entry = table.map(MountTable.init(mountinfo:))?.vmofsMounts.first {
                $0.device == mount.device && $0.source == mount.source
            }
            return entry?.root.relative(to: PathBytes("/"))
        }
    }

    /// The processes in whose directory below /proc a use is found.
    private static func others(_ use: (_ directory: String) -> PathBytes?) -> [BusyProcess] {
        // Not this process: what it has, it has from the one that started it.
        let others = names(in: "/proc").compactMap { Int32($0) }.filter { $0 != getpid() }
        return others.sorted().compactMap { process in
            guard let path = use("/proc/\(process)") else { return nil }
            let name = (try? readWholeFile(FilePath("/proc/\(process)/comm"))) ?? []
            return BusyProcess(
                process: process,
                name: String(decoding: name.dropLast(), as: UTF8.self),
                path: path
            )
        }
    }

    private static func firstUse(of mountpoint: PathBytes, by directory: String) -> PathBytes? {
        for link in ["cwd", "root", "exe"] {
            if let path = target(of: "\(directory)/\(link)")?.relative(to: mountpoint) {
                return path
            }
        }
        for kind in ["fd", "map_files"] {
            for name in names(in: "\(directory)/\(kind)") {
                let link = "\(directory)/\(kind)/\(name)"
                if let path = target(of: link)?.relative(to: mountpoint) { return path }
            }
        }
        return nil
    }

    private static func target(of link: String) -> PathBytes? {
        var count = -1
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: Int(PATH_MAX)) { buffer, filled in
            // SAFETY: readlink(2) fills at most the buffer that the array lends to this call.
            unsafe buffer.withMemoryRebound(to: CChar.self) { characters in
                guard let start = characters.baseAddress else { return }
                count = unsafe readlink(link, start, characters.count)
            }
            filled = max(count, 0)
        }
        return count > 0 ? PathBytes(bytes) : nil
    }

    private static func names(in directory: String) -> [String] {
        // SAFETY: the stream is open until closedir(3), and each entry is copied before the next
        // call on the stream.
        guard let stream = unsafe opendir(directory) else { return [] }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
