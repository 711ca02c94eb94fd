// swift-tools-version: 6.2
import PackageDescription

// A package of its own, so that building or testing vmofs never builds the benchmarks. It depends
// on nothing: what it measures are mount points and the binaries that serve them.
let package = Package(
    name: "vmofs-benchmarks",
    targets: [
        .executableTarget(
            name: "vmofs-bench",
            swiftSettings: [
                .strictMemorySafety(),
                .treatAllWarnings(as: .error),
                .enableUpcomingFeature("ExistentialAny"),
                .enableUpcomingFeature("InternalImportsByDefault"),
                .enableUpcomingFeature("MemberImportVisibility"),
            ]
        )
    ],
    swiftLanguageModes: [.v6]
)
