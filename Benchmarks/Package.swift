// swift-tools-version: 6.2
import PackageDescription

let strict: [SwiftSetting] = [
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

// A package of its own, so that building or testing vmofs never builds the benchmarks. What
// vmofs-bench measures are mount points and the binaries that serve them, so it depends on nothing;
// vmcore-bench calls VMCore.
let package = Package(
    name: "vmofs-benchmarks",
    dependencies: [.package(name: "vmofs", path: "..")],
    targets: [
        .executableTarget(name: "vmofs-bench", swiftSettings: strict),
        .target(name: "CHeap", cSettings: [.define("_GNU_SOURCE")]),
        .executableTarget(
            name: "vmcore-bench",
            dependencies: ["CHeap", .product(name: "VMCore", package: "vmofs")],
            swiftSettings: strict
        ),
    ],
    swiftLanguageModes: [.v6]
)
