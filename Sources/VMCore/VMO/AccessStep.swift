/// What one hold of a VMO's lock comes to, of an access that may have to wait.
enum AccessStep {
    /// The pages up to `end` are as the access needs them.
    case ready(end: UInt64)
    /// The pager must act first.
    case wait(PageRequestTracker.Admission)
    /// So many frames are needed, and the arena has none.
    case needsFrames(Int)
}
