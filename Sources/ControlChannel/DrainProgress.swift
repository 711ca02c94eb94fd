/// How far the drain of a mount has come.
public struct DrainProgress: Hashable, Codable, Sendable {
    /// Dirty and in-flight bytes that are not yet in the backing directory.
    public var remainingBytes: UInt64
    /// Files that hold them.
    public var remainingFiles: UInt64

    /// Says that `remainingBytes` in `remainingFiles` files are still to be written.
    public init(remainingBytes: UInt64, remainingFiles: UInt64) {
        self.remainingBytes = remainingBytes
        self.remainingFiles = remainingFiles
    }

    private enum CodingKeys: String, CodingKey {
        case remainingBytes = "remaining_bytes"
        case remainingFiles = "remaining_files"
    }
}
