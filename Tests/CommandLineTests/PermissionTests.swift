import ControlChannel
import Foundation
import Glibc
import TestSupport
import Testing

@testable import vmofs

/// Checks that root would pass are made in a child that is not root.
@Suite("Checks of permissions")
struct PermissionTests {
    @Test("what this user may not read, mount on, or mount with is refused with 1")
    func forbiddenDirectories() async {
        await #expect(processExitsWith: .success) {
            try withTemporaryDirectory { directory in
                let manager = FileManager.default
                for (name, mode) in [
                    ("secret", 0o000), ("fixed", 0o555), ("own", 0o777), ("other", 0o777),
                ] {
                    let path = directory.path(of: name)
                    try manager.createDirectory(atPath: path, withIntermediateDirectories: false)
                    try manager.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
                }
                // Root keeps the directory for its removal, and works as nobody in between. Whoever
                // is not root has no need to.
                let isRoot = geteuid() == 0
                if isRoot { #expect(seteuid(65534) == 0) }
                defer { if isRoot { seteuid(0) } }
                let cases = [
                    ("secret", "own", "/dev/null"), ("own", "fixed", "/dev/null"),
                    ("secret/below", "own", "/dev/null"),
                    ("other", "own", directory.path(of: "secret")),
                ]
                for (backing, mountpoint, device) in cases {
                    let environment = MountEnvironment(
                        user: geteuid(),
                        mounts: MountTable(entries: []),
                        fuseDevice: device,
                        programDirectories: ["/bin"]
                    )
                    let request = MountRequest(
                        backing: directory.path(of: backing),
                        mountpoint: directory.path(of: mountpoint),
                        optionLists: []
                    )
                    do throws(CommandError) {
                        let granted = try MountValidation(environment: environment)
                            .configuration(for: request, isForeground: false)
                        print("granted: \(granted)")
                        exit(3)
                    } catch {
                        guard error.exitCode == 1, error.remedy != nil else { exit(4) }
                    }
                }
            }
        }
    }
}
