internal import ArgumentParser

/// A number of bytes on the command line: digits and K, M, G or T, which are powers of 1024.
struct ByteSize: ExpressibleByArgument, Equatable {
    var bytes: UInt64

    init?(argument: String) {
        let digits = argument.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { return nil }
        let scale: UInt64
        switch argument.dropFirst(digits.count).uppercased() {
        case "": scale = 1
        case "K": scale = 1 << 10
        case "M": scale = 1 << 20
        case "G": scale = 1 << 30
        case "T": scale = 1 << 40
        default: return nil
        }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
        if overflow { return nil }
        self.bytes = bytes
    }
}
