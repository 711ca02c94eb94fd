public import Support

/// One line of `trace --json`: an event, or a note that events were dropped.
public struct TraceRecord: Hashable, Sendable {
    /// Nanoseconds since the Unix epoch.
    public var time: UInt64
    /// The name of a `PageEvent.Kind`, or `dropped`.
    public var event: String
    /// The path below the mountpoint; empty where no single file is meant.
    public var file: String
    /// The first byte.
    public var offset: UInt64
    /// The number of bytes.
    public var length: UInt64
    /// The event's own fields.
    ///
    /// In JSON they stand beside the others, whole numbers as numbers.
    public var fields: [String: String]

    /// Describes `event`.
    public init(_ event: PageEvent) {
        time = event.time
        self.event = event.kind.rawValue
        file = event.file
        offset = event.offset
        length = event.length
        fields = event.fields
    }

    /// Says that `count` events before `time` were dropped.
    public init(dropped count: UInt64, time: UInt64) {
        self.time = time
        event = "dropped"
        file = ""
        offset = 0
        length = 0
        fields = ["count": "\(count)"]
    }
}

extension TraceRecord: Codable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }

        init(_ name: String) { stringValue = name }
        init?(stringValue: String) { self.init(stringValue) }
        init?(intValue: Int) { nil }
    }

    private static let ownNames: Set = ["time", "event", "file", "offset", "length"]

    /// Reads one object.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        time = try container.decode(UInt64.self, forKey: Key("time"))
        event = try container.decode(String.self, forKey: Key("event"))
        file = try container.decode(String.self, forKey: Key("file"))
        offset = try container.decode(UInt64.self, forKey: Key("offset"))
        length = try container.decode(UInt64.self, forKey: Key("length"))
        fields = [:]
        for key in container.allKeys where !Self.ownNames.contains(key.stringValue) {
            if let number = try? container.decode(Int64.self, forKey: key) {
                fields[key.stringValue] = "\(number)"
            } else {
                fields[key.stringValue] = try container.decode(String.self, forKey: key)
            }
        }
    }

    /// Writes one flat object.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: Key.self)
        try container.encode(time, forKey: Key("time"))
        try container.encode(event, forKey: Key("event"))
        try container.encode(file, forKey: Key("file"))
        try container.encode(offset, forKey: Key("offset"))
        try container.encode(length, forKey: Key("length"))
        for (name, value) in fields where !Self.ownNames.contains(name) {
            // Only a canonical number: "007" and "+7" are texts and stay as they are.
            if let number = Int64(value), "\(number)" == value {
                try container.encode(number, forKey: Key(name))
            } else {
                try container.encode(value, forKey: Key(name))
            }
        }
    }
}
