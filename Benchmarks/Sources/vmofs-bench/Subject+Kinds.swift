import Foundation

extension Subject {
    /// The file system underneath, with nothing in between.
    static func plain(in scratch: String) throws -> Subject {
        Subject(name: "ext4", directory: try makeDirectory(scratch, "plain"))
    }

    /// libfuse's example, with the defaults that it has itself unless options are given.
    static func passthrough(
        binary: String,
        options: String,
        in scratch: String
    ) throws -> Subject {
        let source = try makeDirectory(scratch, "passthrough-source")
        let mountPoint = try makeDirectory(scratch, "passthrough")
        let extra = options.isEmpty ? "" : ",\(options)"
        return Subject(
            name: "passthrough_ll",
            directory: mountPoint,
            mount: [binary, "-o", "source=\(source)\(extra)", mountPoint],
            unmount: ["fusermount3", "-u", mountPoint]
        )
    }

    /// vmofs with its defaults unless options are given.
    static func vmofs(binary: String, options: String, in scratch: String) throws -> Subject {
        let backing = try makeDirectory(scratch, "backing")
        let mountPoint = try makeDirectory(scratch, "vmofs")
        let extra = options.isEmpty ? [] : ["-o", options]
        return Subject(
            name: "vmofs",
            directory: mountPoint,
            mount: [binary, "mount"] + extra + [backing, mountPoint],
            unmount: [binary, "unmount", mountPoint],
            flush: [binary, "flush", mountPoint]
        )
    }

    private static func makeDirectory(_ scratch: String, _ name: String) throws -> String {
        let path = scratch + "/" + name
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}
