internal import Support

/// Pages taken out of an auxiliary VMO, on their way into a pager-backed one.
struct SupplyRun {
    /// The pages of the auxiliary VMO.
    var pages: PageRange
    /// As many frames, which whoever has the run owns; nil where the pages were never written.
    var frames: FrameRun?
}
