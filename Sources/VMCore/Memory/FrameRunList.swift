/// Runs of frames in the order in which they were added; neighbours are merged.
///
/// The first run is stored inline, so that the common cases (one frame, one run) allocate nothing.
struct FrameRunList: Sendable {
    private var head = FrameRun(start: 0, count: 0)
    private var rest: [FrameRun] = []
    /// Index in `rest` of the run after `head`.
    private var next = 0
    /// The number of frames in all runs.
    private(set) var frameCount = 0

    var isEmpty: Bool { frameCount == 0 }

    /// The runs, first to last.
    var runs: [FrameRun] { isEmpty ? [] : [head] + rest[next...] }

    /// Adds `run` at the end.
    mutating func append(_ run: FrameRun) {
        guard run.count > 0 else { return }
        frameCount += Int(run.count)
        if head.count == 0 {
            head = run
        } else if next == rest.count {
            if head.end == run.start {
                head.count += run.count
            } else {
                rest.append(run)
            }
        } else if rest[rest.count - 1].end == run.start {
            rest[rest.count - 1].count += run.count
        } else {
            rest.append(run)
        }
    }

    /// Takes up to `count` frames, all of the first run; nil if there is none.
    mutating func removeFirst(_ count: Int) -> FrameRun? {
        guard frameCount > 0, count > 0 else { return nil }
        let taken = FrameRun(start: head.start, count: UInt32(min(count, Int(head.count))))
        frameCount -= Int(taken.count)
        head.start += taken.count
        head.count -= taken.count
        if head.count == 0 {
            if next < rest.count {
                head = rest[next]
                next += 1
            }
            if next == rest.count {
                rest.removeAll()
                next = 0
            }
        }
        return taken
    }

    /// Calls `body` with each run, first to last.
    func forEach(_ body: (FrameRun) -> Void) {
        guard frameCount > 0 else { return }
        body(head)
        for index in next..<rest.count { body(rest[index]) }
    }
}
