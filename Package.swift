// swift-tools-version: 6.2
import PackageDescription

/// Every target is held to the same bar: Swift 6 concurrency, every pointer expression marked
/// `unsafe`, and no warning left standing.
let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("ImmutableWeakCaptures"),
    .enableUpcomingFeature("InferIsolatedConformances"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
]

let errno: Target.Dependency = .product(name: "SystemPackage", package: "swift-system")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let deque: Target.Dependency = .product(name: "DequeModule", package: "swift-collections")
let heap: Target.Dependency = .product(name: "HeapModule", package: "swift-collections")
let arguments: Target.Dependency = .product(
    name: "ArgumentParser",
    package: "swift-argument-parser"
)

func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(
    _ name: String,
    _ dependencies: [Target.Dependency],
    exclude: [String] = []
) -> Target {
    .testTarget(
        name: name,
        dependencies: ["TestSupport", "Support"] + dependencies,
        exclude: exclude,
        swiftSettings: strict
    )
}

let package = Package(
    name: "vmofs",
    products: [
        .executable(name: "vmofs", targets: ["vmofs"]),
        .library(name: "VMCore", targets: ["VMCore"]),
        .library(name: "MappedAccess", targets: ["MappedAccess"]),
        .library(name: "zircon", type: .dynamic, targets: ["ZirconABI"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-system", from: "1.8.1"),
    ],
    targets: [
        .systemLibrary(name: "CFuse3", pkgConfig: "fuse3", providers: [.apt(["libfuse3-dev"])]),
        .target(name: "CLinux", cSettings: [.define("_GNU_SOURCE")]),
        module("Support", ["CLinux", errno]),
        module("VMCore", ["Support", "CLinux", errno, deque]),
        module("Storage", ["Support", "CLinux", errno]),
        module("Writeback", ["VMCore", "Support", errno, heap]),
        module(
            "PagedFileSystem",
            ["VMCore", "Writeback", "Storage", "Support", errno, logging, deque]
        ),
        module(
            "FuseServer",
            ["PagedFileSystem", "Support", "CFuse3", "CLinux", errno, logging]
        ),
        module("ControlChannel", ["Support", "CLinux", errno, deque, logging]),
        module("MappedAccess", ["VMCore", "Support", "CLinux", errno]),
        .target(name: "CZircon", exclude: ["README.md"]),
        .target(
            name: "ZirconABI",
            dependencies: ["MappedAccess", "VMCore", "Support", "CZircon", "CLinux", errno],
            exclude: ["exports.map"],
            swiftSettings: strict,
            // libzircon.so shows the C calls and nothing else. As it is delivered, the Swift runtime
            // is inside (SwiftPM's --static-swift-stdlib is for executables alone).
            linkerSettings: [
                .unsafeFlags([
                    "-Xlinker",
                    "--version-script=\(Context.packageDirectory)/Sources/ZirconABI/exports.map",
                    "-Xlinker", "-soname=libzircon.so",
                    // gold leaves names of Swift in the table.
                    "-use-ld=lld",
                ]),
                .unsafeFlags(["-static-stdlib"], .when(configuration: .release)),
            ]
        ),
        .executableTarget(
            name: "vmofs",
            dependencies: [
                "FuseServer", "ControlChannel", "PagedFileSystem", "Storage", "Writeback",
                "VMCore", "Support", "CLinux", arguments, errno, logging,
            ],
            swiftSettings: strict
        ),

        .target(
            name: "TestSupport",
            dependencies: ["VMCore", "Storage", "Support", "CLinux", errno],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        // Loads and stores that survive a fatal page fault.
        .target(name: "CFaultProbe", path: "Tests/CFaultProbe"),
        .executableTarget(
            name: "MappingVictim",
            dependencies: ["MappedAccess", "VMCore", "Support"],
            path: "Tests/MappingVictim",
            swiftSettings: strict
        ),
        tests("SupportTests", [errno]),
        tests("VMCoreTests", ["VMCore", errno]),
        tests("VMCoreModelTests", ["VMCore", errno]),
        tests(
            "MappedAccessTests",
            ["MappedAccess", "MappingVictim", "VMCore", "CLinux", "CFaultProbe", errno]
        ),
        tests(
            "ConformanceTests",
            ["VMCore", "MappedAccess", "CFaultProbe", errno],
            exclude: ["README.md"]
        ),
        tests("StorageTests", ["Storage", errno]),
        tests("WritebackTests", ["Writeback", "VMCore", errno]),
        tests(
            "PagedFileSystemTests",
            ["PagedFileSystem", "Writeback", "VMCore", "Storage", errno]
        ),
        tests("ControlChannelTests", ["ControlChannel", "CLinux", errno]),
        tests("CommandLineTests", ["vmofs", "ControlChannel", errno]),
        tests("FuseServerTests", ["FuseServer", errno]),
        tests("FuseIntegrationTests", ["ControlChannel", errno]),
        // Runs C programs against libzircon.so, so it depends on the product and on no module of it.
        tests("ZirconABITests", []),
        tests("StyleTests", []),
    ],
    swiftLanguageModes: [.v6]
)
