/// What is to be mounted where, all checked.
struct MountConfiguration: Equatable, Sendable {
    /// The directory that holds the files: absolute, without symbolic links.
    var backing: String
    /// Where they are to be seen: absolute, without symbolic links.
    var mountpoint: String
    /// The `-o` strings as they were given, each a comma-separated list, for `MountOptions`.
    var optionLists: [String]
    /// Whether this process is in the foreground, with its log on standard error.
    var isForeground: Bool
}
