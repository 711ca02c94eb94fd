internal import FuseServer

/// Reads the `-o` strings, as the daemon will, to refuse what it would refuse.
///
/// - Throws: `CommandError` with exit code 1 that names the option.
func checkedMountOptions(_ lists: [String]) throws(CommandError) -> MountOptions {
    do throws(MountOptionError) {
        return try MountOptions(parsing: lists)
    } catch {
        throw CommandError(
            "option \(error.option)",
            error.reason,
            remedy: error.remedy,
            exitCode: .usageOfMount
        )
    }
}

/// The `-o` strings without the options that nobody knows, for `mount -s`.
func withoutUnknownOptions(_ lists: [String]) -> [String] {
    lists.map { list in
        OptionList.split(list).filter { option in
            do throws(MountOptionError) {
                _ = try MountOptions(parsing: [option])
                return true
            } catch {
                return error.reason != "unknown"
            }
        }.joined(separator: ",")
    }
}

/// Comma-separated options in which a backslash takes the next character literally.
enum OptionList {
    /// The options, still with their backslashes.
    static func split(_ list: String) -> [String] {
        var options = [""]
        var isEscaped = false
        for character in list {
            if character == ",", !isEscaped {
                options.append("")
            } else {
                options[options.count - 1].append(character)
            }
            isEscaped = character == "\\" && !isEscaped
        }
        return options.filter { !$0.isEmpty }
    }
}
