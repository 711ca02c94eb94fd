import Foundation

extension Workload {
    /// Every workload, in the order in which a round runs them.
    static var all: [Workload] {
        sequentialWrites + reads + randomWrites + durableWrites + smallFiles + zeros
    }

    private static var sequentialWrites: [Workload] {
        [
            Workload(name: "write 1M", unit: .megabytesPerSecond) { sizes, directory in
                let block = Pattern.block(Bench.blockBytes)
                return try writeFile(sizes, directory, block, syncs: false)
            },
            Workload(name: "write 1M, fsync", unit: .megabytesPerSecond) { sizes, directory in
                let block = Pattern.block(Bench.blockBytes)
                return try writeFile(sizes, directory, block, syncs: true)
            },
            Workload(name: "overwrite 1M", unit: .megabytesPerSecond, prepare: makeFile) {
                sizes,
                directory in
                let block = Pattern.block(Bench.blockBytes)
                return try writeFile(sizes, directory, block, syncs: false)
            },
        ]
    }

    private static var reads: [Workload] {
        [
            Workload(
                name: "read 1M, cold",
                unit: .megabytesPerSecond,
                caches: .cold,
                prepare: makeFile
            ) {
                sizes,
                directory in
                .bytes(sizes.fileBytes, in: try seconds { try readFile(sizes, directory) })
            },
            Workload(name: "read 1M, warm", unit: .megabytesPerSecond, prepare: makeWarmFile) {
                sizes,
                directory in
                .bytes(sizes.fileBytes, in: try seconds { try readFile(sizes, directory) })
            },
            Workload(
                name: "read 4K random, cold",
                unit: .operationsPerSecond,
                caches: .cold,
                prepare: makeFile
            ) { sizes, directory in
                try readRandomly(sizes, directory, count: sizes.randomCount / 10)
            },
            Workload(
                name: "read 4K random, warm",
                unit: .operationsPerSecond,
                prepare: makeWarmFile
            ) {
                sizes,
                directory in
                try readRandomly(sizes, directory, count: sizes.randomCount)
            },
        ]
    }

    private static var randomWrites: [Workload] {
        [
            Workload(name: "write 4K random", unit: .operationsPerSecond, prepare: makeFile) {
                sizes,
                directory in
                try writeRandomly(sizes, directory, syncs: false)
            },
            Workload(name: "write 4K random, fsync", unit: .operationsPerSecond, prepare: makeFile)
            {
                sizes,
                directory in
                try writeRandomly(sizes, directory, syncs: true)
            },
        ]
    }

    private static var durableWrites: [Workload] {
        [
            Workload(name: "(write 4K + fsync) each", unit: .operationsPerSecond) {
                sizes,
                directory in
                let page = Pattern.block(Bench.pageBytes)
                let file = try OpenFile(path(directory), O_RDWR | O_CREAT)
                let elapsed = try seconds {
                    for index in 0..<sizes.syncCount {
                        try file.write(page, at: index * Bench.pageBytes)
                        try file.sync()
                    }
                }
                try file.close()
                return .operations(sizes.syncCount, in: elapsed)
            }
        ]
    }

    private static var smallFiles: [Workload] {
        [
            Workload(name: "create 4K files", unit: .operationsPerSecond) { sizes, directory in
                .operations(
                    sizes.fileCount,
                    in: try seconds { try makeSmallFiles(sizes, directory) }
                )
            },
            Workload(name: "stat files", unit: .operationsPerSecond, prepare: makeSmallFiles) {
                sizes,
                directory in
                let paths = smallFilePaths(sizes, directory)
                return .operations(
                    sizes.fileCount,
                    in: try seconds {
                        var status = stat()
                        for path in paths where unsafe lstat(path, &status) != 0 {
                            throw SystemCallError("lstat", path)
                        }
                    }
                )
            },
            Workload(name: "unlink files", unit: .operationsPerSecond, prepare: makeSmallFiles) {
                sizes,
                directory in
                let paths = smallFilePaths(sizes, directory)
                return .operations(
                    sizes.fileCount,
                    in: try seconds {
                        for path in paths where unsafe unlink(path) != 0 {
                            throw SystemCallError("unlink", path)
                        }
                    }
                )
            },
        ]
    }

    private static var zeros: [Workload] {
        [
            Workload(name: "write zeros 1M", unit: .megabytesPerSecond) { sizes, directory in
                let block = [UInt8](repeating: 0, count: Bench.blockBytes)
                return try writeFile(sizes, directory, block, syncs: false)
            },
            Workload(name: "write zeros 1M, fsync", unit: .megabytesPerSecond) { sizes, directory in
                let block = [UInt8](repeating: 0, count: Bench.blockBytes)
                return try writeFile(sizes, directory, block, syncs: true)
            },
        ]
    }
}
