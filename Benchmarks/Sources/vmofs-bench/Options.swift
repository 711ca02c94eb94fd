/// The command line of vmofs-bench, which `mount-scripts/bench` writes.
struct Options {
    var scratch = ""
    var vmofsBinary = ""
    var vmofsOptions = ""
    var passthroughBinary = ""
    var passthroughOptions = ""
    var rounds = 5
    var only: [String] = []
    var printsJSON = false
    var listsWorkloads = false
    var sizes = Bench.Sizes()

    /// What is wrong with a command line.
    struct UsageError: Error, CustomStringConvertible {
        let description: String
    }

    init(_ arguments: [String]) throws {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            switch option {
            case "--json": printsJSON = true
            case "--list": listsWorkloads = true
            default:
                guard let value = rest.popFirst() else {
                    throw UsageError(description: "\(option) is unknown or needs a value")
                }
                try set(option, to: value)
            }
        }
    }

    private mutating func set(_ option: String, to value: String) throws {
        switch option {
        case "--directory": scratch = value
        case "--vmofs": vmofsBinary = value
        case "--vmofs-options": vmofsOptions = value
        case "--passthrough": passthroughBinary = value
        case "--passthrough-options": passthroughOptions = value
        case "--only": only = value.split(separator: ",").map(String.init)
        case "--rounds": rounds = try Options.number(option, value)
        case "--mebibytes": sizes.fileBytes = try Options.number(option, value) << 20
        case "--random": sizes.randomCount = try Options.number(option, value)
        case "--syncs": sizes.syncCount = try Options.number(option, value)
        case "--files": sizes.fileCount = try Options.number(option, value)
        default: throw UsageError(description: "unknown option \(option)")
        }
    }

    private static func number(_ option: String, _ value: String) throws -> Int {
        guard let number = Int(value), (1...1 << 30).contains(number) else {
            throw UsageError(description: "\(option) needs a number above 0, not '\(value)'")
        }
        return number
    }
}
