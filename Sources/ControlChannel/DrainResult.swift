/// How the drain of a mount ended.
public struct DrainResult: Hashable, Codable, Sendable {
    /// What is still not in the backing directory.
    public var remaining: DrainProgress
    /// Why, for files that could not be written.
    public var errors: [FileError]

    /// Ends a drain with `remaining` left over.
    public init(remaining: DrainProgress, errors: [FileError]) {
        self.remaining = remaining
        self.errors = errors
    }

    /// Whether everything is in the backing directory.
    public var isComplete: Bool {
        remaining.remainingBytes == 0 && remaining.remainingFiles == 0 && errors.isEmpty
    }
}
