internal import Storage
internal import Support

extension FileTimeChange {
    /// The time that is meant; nil where none is.
    var time: FileTime? {
        switch self {
        case .omit: nil
        case .now: .now
        case .set(let time): time
        }
    }
}

extension FileTime {
    /// Whether two times are no more than a second or two apart.
    func isNear(_ other: FileTime) -> Bool {
        seconds.subtractingReportingOverflow(other.seconds).partialValue.magnitude <= 1
    }

    /// The time of day.
    static var now: FileTime {
        let nanoseconds = wallClockNanoseconds()
        return FileTime(
            seconds: Int64(nanoseconds / 1_000_000_000),
            nanoseconds: UInt32(nanoseconds % 1_000_000_000)
        )
    }
}
