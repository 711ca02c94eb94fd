/// The values of options: sizes, durations and counts.
enum MountOptionValue {
    /// The number of bytes that `text` names: digits and K, M, G or T (powers of 1024); nil where
    /// it is no size or does not fit.
    static func bytes(_ text: String) -> UInt64? {
        scaled(
            text,
            units: ["": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40]
        )
    }

    /// The number of nanoseconds that `text` names: digits and ms, s, m or h; without a unit
    /// seconds; nil where it is no duration or does not fit.
    static func nanoseconds(_ text: String) -> UInt64? {
        let second: UInt64 = 1_000_000_000
        return scaled(
            text,
            units: [
                "": second, "MS": second / 1000, "S": second, "M": 60 * second, "H": 3600 * second,
            ]
        )
    }

    /// `bytes` in the largest unit that shows it exactly.
    static func text(bytes: UInt64) -> String {
        text(bytes, units: [("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)])
    }

    /// `nanoseconds`, a whole number of milliseconds, in the largest unit that shows it exactly.
    static func text(nanoseconds: UInt64) -> String {
        text(
            nanoseconds / 1_000_000,
            units: [("h", 3_600_000), ("m", 60000), ("s", 1000), ("ms", 1)]
        )
    }

    private static func text(_ value: UInt64, units: [(name: String, size: UInt64)]) -> String {
        for unit in units where value >= unit.size && value % unit.size == 0 {
            return "\(value / unit.size)\(unit.name)"
        }
        return "\(value)"
    }

    private static func scaled(_ text: String, units: [String: UInt64]) -> UInt64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let number = UInt64(digits) else { return nil }
        guard let unit = units[text.dropFirst(digits.count).uppercased()] else { return nil }
        let (value, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : value
    }
}
