internal import Storage
internal import Support
internal import VMCore
internal import Writeback

/// What all files of a mount share.
struct FileContext: Sendable {
    let pager: Pager
    let engine: WritebackEngine
    let ledger: SpaceLedger
    let events: any PageEventSink
    let counts: FileSystemCounts
    let prefaulter: FramePrefaulter
    /// Backing files that may stay open for files that nobody has open and that are dirty.
    let backingFileCountMax: Int
    /// Backing files that may stay open at all.
    let openBackingFileCountMax: Int
}
