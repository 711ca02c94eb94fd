import Foundation

extension Workload {
    /// The one big file of a workload's directory.
    static func path(_ directory: String) -> String { directory + "/file" }

    /// Writes the whole file in large blocks, from open to close.
    static func writeFile(
        _ sizes: Bench.Sizes,
        _ directory: String,
        _ block: [UInt8],
        syncs: Bool
    ) throws -> Measurement {
        let elapsed = try seconds {
            let file = try OpenFile(path(directory), O_RDWR | O_CREAT)
            for offset in stride(from: 0, to: sizes.fileBytes, by: block.count) {
                try file.write(block, at: offset)
            }
            if syncs { try file.sync() }
            try file.close()
        }
        return .bytes(sizes.fileBytes, in: elapsed)
    }

    /// Makes the file and forces it to the disk, so that no write is left to disturb the timing.
    static func makeFile(_ sizes: Bench.Sizes, _ directory: String) throws {
        _ = try writeFile(sizes, directory, Pattern.block(Bench.blockBytes), syncs: true)
    }

    /// Makes the file and reads it once, so that every cache that wants it has it.
    static func makeWarmFile(_ sizes: Bench.Sizes, _ directory: String) throws {
        try makeFile(sizes, directory)
        try readFile(sizes, directory)
    }

    /// Reads the whole file in large blocks, from open to close.
    static func readFile(_ sizes: Bench.Sizes, _ directory: String) throws {
        var block = [UInt8](repeating: 0, count: Bench.blockBytes)
        let file = try OpenFile(path(directory), O_RDONLY)
        for offset in stride(from: 0, to: sizes.fileBytes, by: block.count) {
            try file.read(into: &block, at: offset)
        }
        try file.close()
    }

    /// Reads single pages in an order that no read-ahead foresees, from open to close.
    static func readRandomly(
        _ sizes: Bench.Sizes,
        _ directory: String,
        count: Int
    ) throws -> Measurement {
        var page = [UInt8](repeating: 0, count: Bench.pageBytes)
        let offsets = Pattern.pageOffsets(count, within: sizes.fileBytes)
        let elapsed = try seconds {
            let file = try OpenFile(path(directory), O_RDONLY)
            for offset in offsets {
                try file.read(into: &page, at: offset)
            }
            try file.close()
        }
        return .operations(count, in: elapsed)
    }

    /// Writes single pages all over the file, from open to close.
    static func writeRandomly(
        _ sizes: Bench.Sizes,
        _ directory: String,
        syncs: Bool
    ) throws -> Measurement {
        let page = Pattern.block(Bench.pageBytes)
        let offsets = Pattern.pageOffsets(sizes.randomCount, within: sizes.fileBytes)
        let elapsed = try seconds {
            let file = try OpenFile(path(directory), O_RDWR)
            for offset in offsets {
                try file.write(page, at: offset)
            }
            if syncs { try file.sync() }
            try file.close()
        }
        return .operations(sizes.randomCount, in: elapsed)
    }

    /// Names of the small files of a workload's directory.
    static func smallFilePaths(_ sizes: Bench.Sizes, _ directory: String) -> [String] {
        (0..<sizes.fileCount).map { "\(directory)/small-\($0)" }
    }

    /// Creates the small files, one page each.
    static func makeSmallFiles(_ sizes: Bench.Sizes, _ directory: String) throws {
        let page = Pattern.block(Bench.pageBytes)
        for path in smallFilePaths(sizes, directory) {
            let file = try OpenFile(path, O_WRONLY | O_CREAT | O_EXCL)
            try file.write(page, at: 0)
            try file.close()
        }
    }
}
