import Foundation

// What the commands print with --json. The names are written down a second time on purpose: they
// are an interface, and a test that shared the program's own types would not notice a change.
// Snake case becomes camel case in `decode`.

/// Reads a document that a command printed.
func decode<Document: Decodable>(_ type: Document.Type, from text: String) throws -> Document {
    let decoder = JSONDecoder()
    decoder.keyDecodingStrategy = .convertFromSnakeCase
    return try decoder.decode(type, from: Data(text.utf8))
}

/// The document of `vmofs dirty --json`.
struct DirtyDocument: Decodable, Equatable {
    struct Range: Decodable, Equatable {
        var offset: UInt64
        var length: UInt64
        var options: UInt64
    }

    var pageSize: UInt64
    var vmoSize: UInt64
    var contentSize: UInt64
    var ranges: [Range]
    var actual: UInt64
    var avail: UInt64
}

extension DirtyDocument.Range {
    /// A range of pages that hold data.
    static func data(page: UInt64, count: UInt64) -> Self {
        Self(offset: page * 4096, length: count * 4096, options: 0)
    }

    /// A range of pages that are zero.
    static func zero(page: UInt64, count: UInt64) -> Self {
        Self(offset: page * 4096, length: count * 4096, options: 1)
    }
}

/// The document of `vmofs status --json MOUNTPOINT`.
struct StatusDocument: Decodable {
    struct File: Decodable {
        struct Failure: Decodable { var errno: Int32 }

        var path: String
        var dirtyBytes: UInt64
        var dirtyZeroBytes: UInt64
        var writebackBytes: UInt64
        var oldestDirtyMilliseconds: UInt64
        var error: Failure?
    }

    var mountpoint: String
    var backing: String
    var pid: Int32
    var pageSize: UInt64
    var memoryBytes: UInt64
    var memoryLimitBytes: UInt64
    var overheadLimitBytes: UInt64
    var residentBytes: UInt64
    var dirtyBytes: UInt64
    var dirtyZeroBytes: UInt64
    var writebackBytes: UInt64
    var dirtyBackgroundBytes: UInt64
    var dirtyBytesLimit: UInt64
    var frozen: Bool
    var vmos: UInt64
    var openFiles: UInt64
    var writtenBytes: UInt64
    var flushedBytes: UInt64
    var flushedRuns: UInt64
    var zeroBytesSkipped: UInt64
    var holePunchedBytes: UInt64
    var redirtiedPages: UInt64
    var pageRequestsRead: UInt64
    var pageRequestsDirty: UInt64
    var suppliedBytes: UInt64
    var evictedPages: UInt64
    var throttledMilliseconds: UInt64
    var writebackErrors: UInt64
    var files: [File]
}
