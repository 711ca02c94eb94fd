internal import Storage
internal import Support
public import SystemPackage

/// What a file is beside its pages: size, times, and what its backing file has of them.
///
/// A plain value behind one lock per file, which is taken before the VMO's lock. Changes of the
/// VMO's size, and supplies of pages, happen under it.
struct FileContent {
    /// The size in bytes as the mount shows it.
    ///
    /// The VMO covers it: its size is this, rounded up.
    var size: UInt64
    /// The size of the backing file in bytes, as far as we made it.
    var backingSize: UInt64
    /// Where the backing file's data ends: from here on it has holes and reserved blocks alone.
    ///
    /// Zeros beyond are left as they are: a hole there would give the reserved blocks back.
    var backingDataEnd: UInt64
    /// How far blocks have been reserved in the backing file, perhaps beyond its end.
    var reservedEnd: UInt64 = 0
    /// The largest size that the backing file can have, as far as it has been asked: it is once a
    /// file grows beyond what every file system has room for.
    var sizeMax = FileContent.sizeMaxOfAnyFile
    /// Moves on whenever the backing file's content changes for pages that are or become absent.
    ///
    /// A page-in reads the backing file without a lock, and supplies only if this stands still:
    /// otherwise what it read may be older than what was written and evicted, or cut and grown.
    var sequence: UInt64 = 0
    /// When the content last changed, as the mount shows it.
    var modificationTime: FileTime
    /// When content or attributes last changed, as the mount shows it.
    ///
    /// The backing file's own would move at each flush.
    var changeTime: FileTime
    /// Whether the backing file was written since it last got the modification time.
    var areBackingTimesStale = false
    /// Whether it is getting the time now: what it has may be the time of our write still.
    var areTimesUnderWay = false
    /// Whether the modification time was set by hand, and not by a write, since then.
    var isModificationTimeSet = false
    /// The backing file's attributes when we last touched it, to notice that others did.
    var version: BackingVersion
    /// Failed flushes so far; open files remember up to which one they have been told.
    var failureCount: UInt64 = 0
    /// The errno of the last of them, kept for open files that have not been told.
    var toldFailure: Errno?
    /// The last of them, until a flush succeeds: what `status` shows.
    var lastFailure: FlushProblem?
    /// A part of the backing file that is known to have no hole.
    ///
    /// Where that is no longer so, zeros are read into memory instead of being noted as such.
    var knownData = ByteRange(0, 0)
    /// Where the last page-in ended, and how far the next one reads ahead if it goes on there.
    var readAhead = ReadAhead()

    /// 2 GiB less one byte: what programs without large file support can have.
    static let sizeMaxOfAnyFile = UInt64(Int32.max)

    init(_ attributes: FileAttributes) {
        size = attributes.size
        backingSize = attributes.size
        backingDataEnd = attributes.size
        modificationTime = attributes.modificationTime
        changeTime = attributes.changeTime
        version = BackingVersion(attributes)
    }
}

/// What tells whether somebody else changed a backing file.
struct BackingVersion: Equatable {
    let size: UInt64
    let modificationTime: FileTime
    let changeTime: FileTime

    init(_ attributes: FileAttributes) {
        size = attributes.size
        modificationTime = attributes.modificationTime
        changeTime = attributes.changeTime
    }
}

/// A flush that failed, for `status`.
public struct FlushProblem: Sendable, Equatable {
    /// What the backing file said.
    public var errno: Errno
    /// The first byte of the run that could not be written.
    public var offset: UInt64
    /// The length of that run in bytes.
    public var length: UInt64
}
