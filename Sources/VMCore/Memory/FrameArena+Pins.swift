// Pin counts: how many leases hold a frame. A count is changed only under the arena's lock. A pin
// is added only under the lock of the VMO that owns the frame, so its writers may read the count
// without the arena's lock: what they see at zero stays zero while they hold the VMO's lock.
//
// This is one of the few files with raw pointers.

internal import Support
internal import Synchronization

extension FrameArena {
    /// The bit of a pin count that says: the owner gave the frame back, free it at the last unpin.
    private static let orphaned: UInt16 = 0x8000

    /// Whether any lease is open in the arena; if not, no frame needs a look.
    var hasPins: Bool { pinnedFrames.load(ordering: .acquiring) != 0 }

    /// Whether a lease holds `frame`.
    ///
    /// Lock: that of the VMO that owns the frame.
    @inline(__always)
    func isPinned(_ frame: UInt32) -> Bool {
        // SAFETY: the owner has the frame from this arena, so its number is in bounds.
        unsafe pins[Int(frame)].load(ordering: .acquiring) != 0
    }

    /// Pins the frames of `segments` against reuse.
    ///
    /// Lock: that of the VMO that owns the frames.
    func pin(_ segments: ArraySlice<PageLease.Segment>) {
        state.withLock { _ in
            var added = 0
            for segment in segments {
                guard let run = segment.frames else { continue }
                for frame in run.start..<run.end {
                    // SAFETY: frames of a run that this arena gave out are in bounds.
                    let count = unsafe pins[Int(frame)].load(ordering: .relaxed)
                    precondition(count < Self.orphaned - 1, "frame \(frame) has \(count) pins")
                    unsafe pins[Int(frame)].store(count + 1, ordering: .relaxed)
                    if count == 0 { added += 1 }
                }
            }
            pinnedFrames.add(added, ordering: .relaxed)
        }
    }

    /// Takes the pins of `segments` back and frees frames that their owner has given back.
    func unpin(_ segments: [PageLease.Segment]) {
        var freed = 0
        state.withLock { map in
            var removed = 0
            for segment in segments {
                guard let run = segment.frames else { continue }
                for frame in run.start..<run.end {
                    // SAFETY: frames of a run that this arena gave out are in bounds.
                    let count = unsafe pins[Int(frame)].load(ordering: .relaxed)
                    precondition(count & ~Self.orphaned > 0, "frame \(frame) is not pinned")
                    let isLast = count & ~Self.orphaned == 1
                    unsafe pins[Int(frame)].store(isLast ? 0 : count - 1, ordering: .releasing)
                    guard isLast else { continue }
                    removed += 1
                    if count & Self.orphaned != 0 {
                        map.release(FrameRun(start: frame, count: 1))
                        freed += 1
                    }
                }
            }
            pinnedFrames.subtract(removed, ordering: .releasing)
        }
        noteFreed(freed)
    }

    /// Frees the frames of `run` that are not pinned and marks the others as orphaned; returns how
    /// many were freed.
    ///
    /// Lock: the arena's, whose state is `map`.
    func releaseUnpinned(_ run: FrameRun, in map: inout FrameMap) -> Int {
        var freed = 0
        for frame in run.start..<run.end {
            // SAFETY: frames of a run that this arena gave out are in bounds.
            let count = unsafe pins[Int(frame)].load(ordering: .relaxed)
            if count == 0 {
                map.release(FrameRun(start: frame, count: 1))
                freed += 1
            } else {
                precondition(count & Self.orphaned == 0, "frame \(frame) was given back twice")
                unsafe pins[Int(frame)].store(count | Self.orphaned, ordering: .relaxed)
            }
        }
        return freed
    }
}
