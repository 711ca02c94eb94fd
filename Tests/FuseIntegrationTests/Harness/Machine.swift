import Foundation
import Testing

/// What this machine has for tests that mount.
enum Machine {
    /// The built program: VMOFS_BINARY, else this package's release build, else its debug build.
    static let binary: String = {
        if let path = ProcessInfo.processInfo.environment["VMOFS_BINARY"] { return path }
        let builds = ["release", "debug"].map { "\(projectRoot)/.build/\($0)/vmofs" }
        return builds.first(where: FileManager.default.isExecutableFile) ?? builds[0]
    }()

    /// The folder that holds Package.swift, where the compiler saw it or VMOFS_PROJECT_ROOT says.
    static let projectRoot: String = {
        if let path = ProcessInfo.processInfo.environment["VMOFS_PROJECT_ROOT"] { return path }
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<4 { folder.deleteLastPathComponent() }
        return folder.path
    }()

    /// Whether the big sizes of the requirements are used: VMOFS_TEST_SCALE=full.
    static let isFullScale = ProcessInfo.processInfo.environment["VMOFS_TEST_SCALE"] == "full"

    /// Why nothing can be mounted here; nil if it can.
    static let obstacle: String? = findObstacle()

    static let comment = Comment(rawValue: obstacle ?? "mounting works")

    /// Whether this is root, who can also mount images and become others.
    static let isRoot = geteuid() == 0

    private static func findObstacle() -> String? {
        guard FileManager.default.isExecutableFile(atPath: binary) else {
            return "\(binary) is not built (swift build -c release, or set VMOFS_BINARY)"
        }
        var status = stat()
        // SAFETY: `status` lives through the call, which fills it. Not open(2): an open file of
        // this device is a connection being made.
        if unsafe stat("/dev/fuse", &status) != 0 {
            return "/dev/fuse does not exist (mount-scripts/setup says how to get it)"
        }
        if !isRoot && !FileManager.default.isExecutableFile(atPath: "/usr/bin/fusermount3") {
            return "fusermount3 is not installed (mount-scripts/setup installs it)"
        }
        return nil
    }
}
