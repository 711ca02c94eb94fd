/// What `setTimes` does to one of the two times of a file.
public enum FileTimeChange: Sendable, Hashable {
    /// Leaves the time as it is (`UTIME_OMIT`).
    case omit
    /// Sets the backing file system's present time (`UTIME_NOW`).
    case now
    /// Sets the given time, cut to what the backing file system can keep.
    case set(FileTime)
}
