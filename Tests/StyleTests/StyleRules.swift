/// The rules that hold for every source file, as data.
enum StyleRules {
    /// Which modules of this package a module may import.
    ///
    /// Arrows point one way: a module that is
    /// named below another imports nothing from above.
    static let imports: [String: Set<String>] = [
        "CFuse3": [],
        "CLinux": [],
        "CZircon": [],
        "Support": ["CLinux"],
        "VMCore": ["Support", "CLinux"],
        "MappedAccess": ["VMCore", "Support", "CLinux"],
        "Storage": ["Support", "CLinux"],
        "Writeback": ["VMCore", "Support"],
        "PagedFileSystem": ["VMCore", "Writeback", "Storage", "Support", "CLinux"],
        "FuseServer": ["PagedFileSystem", "Support", "CFuse3", "CLinux"],
        "ControlChannel": ["Support", "CLinux"],
        "ZirconABI": ["MappedAccess", "VMCore", "Support", "CZircon", "CLinux"],
        "vmofs": [
            "FuseServer", "ControlChannel", "PagedFileSystem", "Writeback", "Storage", "VMCore",
            "Support", "CLinux",
        ],
    ]

    /// Modules of others, and the modules of ours that may import them.
    ///
    /// Foundation is nowhere: it triples the size of the program and hides system calls.
    static let foreignImports: [String: Set<String>] = [
        "FoundationEssentials": ["ControlChannel", "vmofs"],
        "ArgumentParser": ["vmofs"],
    ]
    static let forbiddenImports: Set<String> = [
        "Foundation", "FoundationNetworking", "FoundationInternationalization", "Dispatch",
    ]

    static let fileLinesMax = 600
    static let functionLinesMax = 70
    static let lineColumnsMax = 100

    /// Words that stand for work that is not done.
    static let unfinishedWords = ["TODO", "FIXME", "XXX", "HACK"]
}
