/// An `-o` option that cannot be honoured, in words for the person who typed it.
public struct MountOptionError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The option as it was given.
    public let option: String
    /// What is wrong with it.
    public let reason: String
    /// What to do about it.
    public let remedy: String

    /// `OPTION: REASON (REMEDY)`.
    public var description: String { "option \(option): \(reason) (\(remedy))" }
}
