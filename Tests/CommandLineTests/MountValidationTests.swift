import ControlChannel
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@testable import vmofs

/// What is refused before anything is mounted, on real directories.
///
/// The machine's own facts (devices, programs, mounts, the user) are made up for each case, so that
/// the tests need neither root nor FUSE.
@Suite("Checks before a mount")
struct MountValidationTests {
    private let temporary: TemporaryDirectory
    private let backing: String
    private let mountpoint: String

    init() throws {
        temporary = try TemporaryDirectory()
        backing = temporary.path(of: "backing")
        mountpoint = temporary.path(of: "mountpoint")
        let manager = FileManager.default
        for path in ["backing/inside/deeper", "mountpoint/inside", "other", "bin"] {
            try manager.createDirectory(
                atPath: temporary.path(of: path),
                withIntermediateDirectories: true
            )
        }
        for file in ["file", "fuse"] {
            #expect(manager.createFile(atPath: temporary.path(of: file), contents: nil))
        }
        #expect(
            manager.createFile(
                atPath: temporary.path(of: "bin/fusermount3"),
                contents: nil,
                attributes: [.posixPermissions: 0o755]
            )
        )
        try manager.createSymbolicLink(
            atPath: temporary.path(of: "link"),
            withDestinationPath: backing
        )
    }

    private var environment: MountEnvironment {
        MountEnvironment(
            user: 0,
            mounts: MountTable(entries: []),
            fuseDevice: temporary.path(of: "fuse"),
            fuseConfiguration: temporary.path(of: "fuse.conf"),
            programDirectories: [temporary.path(of: "bin")]
        )
    }

    private func configuration(
        _ backing: String? = nil,
        _ mountpoint: String? = nil,
        options: [String] = [],
        in environment: MountEnvironment? = nil
    ) throws(CommandError) -> MountConfiguration {
        let request = MountRequest(
            backing: backing ?? self.backing,
            mountpoint: mountpoint ?? self.mountpoint,
            optionLists: options
        )
        return try MountValidation(environment: environment ?? self.environment)
            .configuration(for: request, isForeground: false)
    }

    /// The refusal of what `body` asks for; an issue if it is granted.
    private func refusal(
        _ body: () throws(CommandError) -> MountConfiguration,
        sourceLocation: SourceLocation = #_sourceLocation
    ) -> CommandError {
        do throws(CommandError) {
            let granted = try body()
            Issue.record("granted: \(granted)", sourceLocation: sourceLocation)
            return CommandError("", "")
        } catch {
            #expect(error.remedy != nil, sourceLocation: sourceLocation)
            #expect(!error.description.contains("\n"), sourceLocation: sourceLocation)
            return error
        }
    }

    @Test("paths become absolute and lose their links; options stay as they are")
    func success() throws {
        let result = try configuration(
            temporary.path(of: "other/../link/./"),
            options: ["ro,fsname=a\\,b", "noatime"]
        )
        #expect(result.backing == backing)
        #expect(result.mountpoint == mountpoint)
        #expect(result.optionLists == ["ro,fsname=a\\,b", "noatime"])
    }

    @Test("a mountpoint that is not empty is taken")
    func nonEmptyMountpoint() throws {
        #expect(try configuration().mountpoint == mountpoint)
    }

    @Test("a backing directory that is missing or none is refused with 32")
    func wrongBacking() {
        for (name, why) in [("missing", "does not exist"), ("file", "is not a directory")] {
            let path = temporary.path(of: name)
            let error = refusal { () throws(CommandError) in try configuration(path) }
            #expect(error.why == "the backing directory \(why)")
            #expect(error.what == path)
            #expect(error.exitCode == 32)
        }
        let error = refusal { () throws(CommandError) in
            try configuration(temporary.path(of: "file/below"))
        }
        #expect(error.exitCode == 32)
    }

    @Test("a mountpoint that is missing or none is refused with 32, and the remedy makes it")
    func wrongMountpoint() {
        let path = temporary.path(of: "missing")
        let error = refusal { () throws(CommandError) in try configuration(nil, path) }
        #expect(
            error.description == "vmofs: \(path): the mountpoint does not exist (mkdir -p \(path))"
        )
        #expect(error.exitCode == 32)
        let file = temporary.path(of: "file")
        #expect(
            refusal { () throws(CommandError) in try configuration(nil, file) }.exitCode == 32
        )
    }

    @Test("an empty path is wrong usage")
    func emptyPath() {
        #expect(refusal { () throws(CommandError) in try configuration("") }.exitCode == 1)
        #expect(refusal { () throws(CommandError) in try configuration(nil, "") }.exitCode == 1)
    }

    @Test("a mount that would show itself is refused")
    func insideItself() {
        let cases = [
            (backing, backing, "are the same directory"),
            (temporary.path(of: "link"), backing, "are the same directory"),
            (mountpoint + "/inside", mountpoint, "lies inside the mountpoint"),
            (backing, backing + "/inside/deeper", "lies inside the backing directory"),
        ]
        for (backing, mountpoint, why) in cases {
            let error = refusal { () throws(CommandError) in
                try configuration(backing, mountpoint)
            }
            #expect(error.why.hasSuffix(why))
            #expect(error.exitCode == 32)
        }
    }

    @Test("names that only begin alike are not inside each other")
    func similarNames() throws {
        let longer = temporary.path(of: "backing2")
        try FileManager.default.createDirectory(
            atPath: longer,
            withIntermediateDirectories: false
        )
        #expect(try configuration(backing, longer).mountpoint == longer)
    }

    private func mount(of source: String, type: String = "fuse.vmofs") throws -> MountTable {
        let other = temporary.path(of: "other")
        let line = "1 2 0:3 / \(other) rw - \(type) \(source) rw,user_id=0"
        return MountTable(entries: [try #require(MountEntry(line: line.utf8))])
    }

    @Test("a second mount of a directory, or of one around or inside it, is refused")
    func otherMounts() throws {
        let cases = [
            (backing, "already mounted at"), (backing + "/inside", "contains"),
            (temporary.path, "lies in"),
        ]
        for (source, why) in cases {
            var environment = environment
            environment.mounts = try mount(of: source)
            let error = refusal { () throws(CommandError) in
                try configuration(in: environment)
            }
            #expect(error.what == backing)
            #expect(error.why.hasPrefix(why))
            #expect(error.exitCode == 32)
            environment.mounts = try mount(of: source, type: "fuse.other")
            #expect(try configuration(in: environment).backing == backing)
        }
    }

    @Test("a kernel without FUSE is refused with 2")
    func missingDevice() {
        var environment = environment
        environment.fuseDevice = temporary.path(of: "missing")
        let error = refusal { () throws(CommandError) in try configuration(in: environment) }
        #expect(error.exitCode == 2)
        #expect(error.what == environment.fuseDevice)
    }

    @Test("without fusermount3 only root mounts")
    func missingProgram() throws {
        var environment = environment
        environment.programDirectories = [temporary.path(of: "other")]
        #expect(try configuration(in: environment).backing == backing)
        environment.user = 1000
        let error = refusal { () throws(CommandError) in try configuration(in: environment) }
        #expect(error.what == "fusermount3")
        #expect(error.exitCode == 2)
    }

    @Test(
        "allow_other is for root, or for all where fuse.conf says so",
        arguments: [
            (nil, false), ("", false), ("#user_allow_other\n", false),
            ("mount_max = 10\n  user_allow_other \n", true), ("user_allow_others", false),
        ] as [(String?, Bool)]
    )
    func sharing(text: String?, isAllowed: Bool) throws {
        var environment = environment
        if let text {
            try text.write(
                toFile: environment.fuseConfiguration,
                atomically: false,
                encoding: .utf8
            )
        }
        let options = ["ro,allow_other"]
        #expect(try configuration(options: options, in: environment).optionLists == options)
        environment.user = 1000
        #expect(try configuration(in: environment).backing == backing)
        if isAllowed {
            #expect(try configuration(options: options, in: environment).optionLists == options)
        } else {
            let error = refusal { () throws(CommandError) in
                try configuration(options: options, in: environment)
            }
            #expect(error.what == "option allow_other")
            #expect(error.exitCode == 1)
        }
    }

    @Test("an unknown option is wrong usage and is named")
    func unknownOption() {
        let error = refusal { () throws(CommandError) in
            try configuration(options: ["ro", "noatime,frobnicate=3"])
        }
        #expect(error.what == "option frobnicate=3")
        #expect(error.exitCode == 1)
    }
}
