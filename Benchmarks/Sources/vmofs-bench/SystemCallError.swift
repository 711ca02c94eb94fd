import Foundation

/// A system call that failed while a benchmark ran.
struct SystemCallError: Error, CustomStringConvertible {
    let call: String
    let path: String
    let code: Int32

    /// Captures `errno` of the call that just failed.
    init(_ call: String, _ path: String) {
        self.call = call
        self.path = path
        self.code = errno
    }

    var description: String {
        "\(call) \(path): \(unsafe String(cString: strerror(code)))"
    }
}
