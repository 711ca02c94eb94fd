internal import Foundation

/// A program of the machine that a test needs ended badly; the description says which and why.
public struct ToolFailure: Error, CustomStringConvertible {
    /// What was run and what it said.
    public let description: String
}

/// Runs a program of the machine to its end and returns what it printed.
///
/// - Throws: `ToolFailure` if it cannot be started or ends with anything but 0.
@discardableResult
public func runTool(_ name: String, _ arguments: [String]) throws -> String {
    let process = Process()
    let output = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [name] + arguments
    // mkfs and mount live where an ordinary user's PATH does not look.
    var environment = ProcessInfo.processInfo.environment
    environment["PATH"] = (environment["PATH"] ?? "/usr/bin:/bin") + ":/usr/sbin:/sbin"
    environment["LC_ALL"] = "C"
    process.environment = environment
    process.standardOutput = output
    process.standardError = output
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    let text = String(decoding: data, as: UTF8.self)
    guard process.terminationStatus == 0 else {
        throw ToolFailure(description: "\(name) \(arguments): \(process.terminationStatus) \(text)")
    }
    return text
}
