/// The arguments with which mount(8) calls a helper: `SOURCE TARGET [-sfnv] [-o OPTIONS]`.
///
/// Source: mount(8), EXTERNAL HELPERS.
struct MountHelperArguments: Equatable {
    var source = ""
    var target = ""
    var optionLists: [String] = []
    /// `-s`: unknown options are ignored.
    var isSloppy = false
    /// `-f`: everything but the mount itself.
    var isFake = false
    /// `-v`: says what is done.
    var isVerbose = false

    /// Whether a program of this name is called as a helper.
    static func isHelperName(_ name: String) -> Bool {
        name == "mount.vmofs" || name == "mount.fuse.vmofs"
    }

    /// Reads the arguments after the program's name, options before or after the two paths.
    init(_ arguments: [String]) throws(CommandError) {
        var paths: [String] = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            guard argument.hasPrefix("-"), argument.count > 1 else {
                paths.append(argument)
                continue
            }
            if argument == "--" {
                paths += rest
                break
            }
            try takeFlags(argument.dropFirst(), rest: &rest)
        }
        guard paths.count == 2 else {
            throw Self.usage("expected SOURCE and TARGET, not \(paths.count) paths")
        }
        source = paths[0]
        target = paths[1]
    }

    /// Reads a cluster such as `sfo`, whose last letter may take the rest or the next argument.
    private mutating func takeFlags(
        _ flags: Substring,
        rest: inout ArraySlice<String>
    ) throws(CommandError) {
        var flags = flags
        while let flag = flags.popFirst() {
            switch flag {
            case "s": isSloppy = true
            case "f": isFake = true
            case "n": break  // There is no /etc/mtab to leave alone.
            case "v": isVerbose = true
            case "o", "t":
                guard let value = flags.isEmpty ? rest.popFirst() : String(flags) else {
                    throw Self.usage("-\(flag) needs a value")
                }
                // mount(8) repeats the type, which is known from the name already.
                if flag == "o" { optionLists.append(value) }
                return
            default: throw Self.usage("unknown option -\(flag)")
            }
        }
    }

    private static func usage(_ why: String) -> CommandError {
        CommandError(
            "usage",
            why,
            remedy: "mount.vmofs SOURCE TARGET [-sfnv] [-o OPTIONS]",
            exitCode: .usageOfMount
        )
    }
}
