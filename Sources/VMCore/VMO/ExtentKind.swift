/// What a slot of a VMO is.
public enum ExtentKind: Hashable, Sendable {
    /// A page with a frame.
    case data
    /// Part of a zero interval: zeros that the pager does not know of yet.
    case dirtyZero
    /// Zeros beyond the stream size, which are nobody's to write back.
    case untrackedZero
    /// Zeros that the pager supplied.
    case marker
    /// Empty: only the pager knows.
    case absent
}
