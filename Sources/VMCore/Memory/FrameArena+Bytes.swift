// Where frame numbers become addresses.
//
// This is one of the few files with raw pointers.

internal import Support

extension FrameArena {
    /// The bytes of a run that the caller holds (taken or leased).
    ///
    /// Valid until the caller gives the frames back. Whoever leased them must not write.
    public func bytes(of run: FrameRun) -> UnsafeMutableRawBufferPointer {
        precondition(Int(run.start) + Int(run.count) <= frameCount, "\(run) is not in the arena")
        // SAFETY: the mapping holds `frameCount` frames and lives as long as the arena.
        let start = unsafe base + Int(run.start) * Int(pageSize)
        return unsafe UnsafeMutableRawBufferPointer(
            start: start,
            count: Int(run.count) * Int(pageSize)
        )
    }

    /// Copies `source` into `run`, from its byte `offset` on.
    @inline(__always)
    func copy(_ source: UnsafeRawBufferPointer, into run: FrameRun, at offset: Int) {
        let target = unsafe bytes(of: run)
        precondition(offset >= 0 && offset + source.count <= target.count)
        guard let from = source.baseAddress, let to = target.baseAddress else {
            return
        }
        // SAFETY: the target is in bounds by the check above, the source by its buffer.
        unsafe (to + offset).copyMemory(from: from, byteCount: source.count)
    }

    /// Copies one frame's bytes into another frame.
    func copyFrame(_ source: UInt32, to target: UInt32) {
        copyFrames(FrameRun(start: source, count: 1), to: FrameRun(start: target, count: 1))
    }

    /// Copies the bytes of frames into as many others.
    func copyFrames(_ source: FrameRun, to target: FrameRun) {
        unsafe copy(UnsafeRawBufferPointer(bytes(of: source)), into: target, at: 0)
    }

    /// Zeroes bytes `from ..< to` of `run`.
    func zero(_ run: FrameRun, from: Int, to: Int) {
        guard from < to else { return }
        let target = unsafe bytes(of: run)
        // SAFETY: slicing checks the bounds.
        unsafe UnsafeMutableRawBufferPointer(rebasing: target[from..<to])
            .initializeMemory(as: UInt8.self, repeating: 0)
    }

    /// Zeroes every byte of `run`.
    func zero(_ run: FrameRun) {
        zero(run, from: 0, to: Int(run.count) * Int(pageSize))
    }
}
