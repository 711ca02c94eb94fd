internal import Storage
internal import Support

extension FileTime {
    /// The time of day.
    static var now: FileTime {
        let nanoseconds = wallClockNanoseconds()
        return FileTime(
            seconds: Int64(nanoseconds / 1_000_000_000),
            nanoseconds: UInt32(nanoseconds % 1_000_000_000)
        )
    }
}
