internal import Foundation
internal import Glibc

/// A small ext4 of its own, mounted by a loop device: for tests that fill a disk.
///
/// Unmounted when this object goes; the kernel detaches the loop device by itself then, also after
/// a crash, as soon as the mount is gone.
public final class LoopbackExt4: Sendable {
    /// Why such a file system cannot be made here; nil if it can.
    public static let unavailability: String? = findUnavailability()

    /// Whether such a file system can be made here.
    public static var isAvailable: Bool { unavailability == nil }

    private let directory: TemporaryDirectory
    /// Where it is mounted.
    public let path: String

    /// Makes and mounts a file system of `mebibytes` MiB, without blocks kept for root.
    public init(mebibytes: Int) throws {
        directory = try TemporaryDirectory()
        path = directory.path(of: "mount")
        let image = directory.path(of: "image")
        let size = UInt64(mebibytes) << 20
        guard FileManager.default.createFile(atPath: image, contents: nil) else {
            throw ToolFailure(description: "cannot make \(image)")
        }
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: image))
        try file.truncate(atOffset: size)
        try file.close()
        try FileManager.default.createDirectory(
            atPath: path,
            withIntermediateDirectories: false
        )
        try runTool("mkfs.ext4", ["-q", "-F", "-m", "0", "-b", "4096", image])
        try runTool("mount", ["-t", "ext4", "-o", "loop", image, path])
    }

    deinit {
        if unsafe umount2(path, 0) == 0 { return }
        // EINVAL: it never was mounted, as `init` failed. Otherwise something still uses it, but
        // what is gone from the tree can be removed.
        if errno != EINVAL, unsafe umount2(path, Int32(MNT_DETACH)) != 0 {
            print("\(path) stays mounted: errno \(errno)")
        }
    }

    private static func findUnavailability() -> String? {
        if geteuid() != 0 { return "only root can mount" }
        if unsafe access("/dev/loop-control", R_OK | W_OK) != 0 {
            return "there are no loop devices"
        }
        do {
            _ = try LoopbackExt4(mebibytes: 2)
            return nil
        } catch {
            return "\(error)"
        }
    }
}

/// Runs `body` with a new ext4 of `mebibytes` MiB, which is unmounted and removed afterwards.
public func withLoopbackExt4<Result>(
    mebibytes: Int,
    _ body: (LoopbackExt4) throws -> Result
) throws -> Result {
    let fileSystem = try LoopbackExt4(mebibytes: mebibytes)
    return try withExtendedLifetime(fileSystem) { try body(fileSystem) }
}
