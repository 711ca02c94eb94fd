/// Something that happened to pages of a file, as `vmofs trace` shows it.
public struct PageEvent: Sendable {
    /// What happened; the raw value is the name in the trace.
    public enum Kind: String, Sendable, CaseIterable {
        /// Pages became dirty by a write.
        case dirty
        /// A read met absent pages and asked the pager for them.
        case readRequest = "read_request"
        /// The pager supplied pages from the backing file.
        case supply
        /// Writeback of a run began.
        case writebackBegin = "writeback_begin"
        /// Data of a run was written to the backing file.
        case written
        /// A zero run was made a hole, or was one already.
        case hole
        /// Writeback of a run ended; pages not written again meanwhile are clean.
        case writebackEnd = "writeback_end"
        /// Clean pages were evicted to stay within the memory budget.
        case evict
        /// A writer was made to wait.
        case throttle
        /// Writing to or reading from the backing file failed.
        case error
    }

    /// Nanoseconds since the Unix epoch.
    public var time: UInt64
    /// What happened.
    public var kind: Kind
    /// The file's path from the root of the mount; empty where no single file is meant.
    public var file: String
    /// The first byte concerned.
    public var offset: UInt64
    /// The number of bytes concerned.
    public var length: UInt64
    /// What else belongs to this kind: an errno, a reason, milliseconds.
    public var fields: [String: String]

    /// Makes an event of now.
    public init(
        _ kind: Kind,
        file: String,
        offset: UInt64,
        length: UInt64,
        fields: [String: String] = [:]
    ) {
        self.time = wallClockNanoseconds()
        self.kind = kind
        self.file = file
        self.offset = offset
        self.length = length
        self.fields = fields
    }
}

/// Where events go.
///
/// Emission must be cheap while nobody listens: ask `isListening` first, since making an event
/// costs a look at the file's path.
public protocol PageEventSink: Sendable {
    /// Whether anybody would see an event now.
    var isListening: Bool { get }
    /// Hands over an event; never blocks.
    func emit(_ event: PageEvent)
}

/// A sink that nobody listens to.
public struct NoEvents: PageEventSink {
    /// Makes the sink.
    public init() {}
    /// Never.
    public var isListening: Bool { false }
    /// Does nothing.
    public func emit(_ event: PageEvent) {}
}
