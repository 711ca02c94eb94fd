internal import FoundationEssentials

/// The version of the protocol below; raised with each change that the other side would not
/// understand.
let protocolVersion = 1

/// The version of the program.
public let vmofsVersion = "0.1.0"

/// What a client asks, one a connection: `{"protocol":1,"request":{"status":{}}}`.
///
/// The server speaks first, with `ControlReply.hello`, so that a client never sends a request to
/// a daemon that would misread it.
struct ControlMessage: Codable, Sendable {
    var `protocol`: Int
    var request: ControlRequest
}

/// What can be asked.
enum ControlRequest: Codable, Sendable {
    case status
    case dirty(query: DirtyQuery)
    case filesOpenForWriting(under: FileReference)
    case flush(files: [FileReference])
    case freeze
    case thaw
    case unmount(timeoutMilliseconds: UInt64?)
    case trace
}

/// What the server says.
///
/// A conversation is a hello, any number of `progress` or `trace`, and one
/// of the others.
enum ControlReply: Codable, Sendable {
    case hello(protocol: Int, version: String, process: Int32)
    case status(report: MountStatus)
    case dirty(report: DirtyReport)
    case paths(list: [PathBytes])
    case flush(reports: [FlushReport])
    case done
    case progress(drain: DrainProgress)
    case drained(result: DrainResult)
    case trace(records: [TraceRecord])
    case failure(errno: Int32, message: String)
}

extension ControlReply {
    /// Sends this as one line.
    ///
    /// - Throws: as `LineConnection.writeLine`; `.malformed` for a value that JSON cannot hold.
    func send(over connection: borrowing LineConnection, deadline: UInt64) throws(ControlError) {
        try connection.writeLine(try encodeJSON(self), deadline: deadline)
    }
}

/// The text of a JSON document: keys sorted, slashes as they are, one line.
///
/// - Throws: `EncodingError`, for a value that JSON cannot hold.
public func jsonText(_ value: some Encodable) throws -> String {
    String(decoding: try jsonBytes(value), as: UTF8.self)
}

private func jsonBytes(_ value: some Encodable) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return Array(try encoder.encode(value))
}

func encodeJSON(_ value: some Encodable) throws(ControlError) -> [UInt8] {
    do {
        return try jsonBytes(value)
    } catch {
        throw .malformed(shortened("\(error)"))
    }
}

func decodeJSON<Value: Decodable>(
    _ type: Value.Type,
    from bytes: [UInt8]
) throws(ControlError) -> Value {
    do {
        return try JSONDecoder().decode(type, from: Data(bytes))
    } catch {
        throw .malformed(shortened("\(error)"))
    }
}

/// A text that fits on a line of an error message; decoding errors quote their input at length.
private func shortened(_ text: String) -> String {
    let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
    return line.count <= 200 ? line : line.prefix(200) + "..."
}
