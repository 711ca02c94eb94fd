/// Which frames of an arena are free; hands them out in runs.
///
/// Frames at `touchedEnd` and above have never been handed out and have no memory behind them.
/// Below it one bit says whether a frame is free, and two summaries (one bit a word of 64 frames)
/// say which words have a free frame and which have 64. Frames with memory are handed out first:
/// the page fault of a first touch costs more than a gap between two runs.
///
/// The last frames may be cut off as blocks, which this map then knows nothing about.
struct FrameMap {
    /// The frames that are handed out in runs: the first `runFramesMax` that are in no block.
    private(set) var frameCount: Int
    private let runFramesMax: Int
    /// The first frame that nobody has had yet.
    private(set) var touchedEnd = 0
    /// Free frames below `touchedEnd`.
    private(set) var freeTouchedCount = 0

    private var free: ContiguousArray<UInt64> = []
    private var someFree: ContiguousArray<UInt64> = []
    private var allFree: ContiguousArray<UInt64> = []
    /// The word at which the next search starts (next fit), so that runs taken one after the other
    /// tend to be neighbours.
    private var hand = 0
    private var blocks: FrameBlocks

    /// How many words are tried for one run that fits before frames are picked up one by one;
    /// more makes `take` slower in a fragmented arena, fewer scatters small runs.
    private static let fitAttempts = 8

    init(frameCount: Int, runFramesMax: Int = .max) {
        self.runFramesMax = runFramesMax
        self.frameCount = min(frameCount, runFramesMax)
        blocks = FrameBlocks(frameCount: frameCount)
    }

    /// Frames that `take` can give.
    var freeCount: Int { freeTouchedCount + frameCount - touchedEnd }

    /// Whether `frame` is free; one of a block never is.
    func isFree(_ frame: UInt32) -> Bool {
        let frame = Int(frame)
        if frame >= frameCount { return false }
        if frame >= touchedEnd { return true }
        return free[frame >> 6] >> UInt64(frame & 63) & 1 != 0
    }

    /// Takes up to `count` frames and adds them to `runs`.
    mutating func take(_ count: Int, into runs: inout FrameRunList) {
        var remaining = min(count, freeCount)
        takeWholeWords(&remaining, into: &runs)
        takeFittingRun(&remaining, into: &runs)
        while remaining > 0, let word = Self.firstBit(in: someFree, from: hand) {
            hand = word
            while remaining > 0, free[word] != 0 {
                let start = free[word].trailingZeroBitCount
                let length = (~(free[word] >> UInt64(start))).trailingZeroBitCount
                claim(word, from: start, count: min(length, remaining), &remaining, into: &runs)
            }
        }
        if remaining > 0, let run = takeUntouched(remaining) {
            runs.append(run)
        }
    }

    /// Takes up to `count` frames that were never touched; nil if there is none left.
    mutating func takeUntouched(_ count: Int) -> FrameRun? {
        let taken = min(count, frameCount - touchedEnd)
        guard taken > 0 else { return nil }
        let run = FrameRun(start: UInt32(touchedEnd), count: UInt32(taken))
        touchedEnd += taken
        while free.count * 64 < touchedEnd {
            free.append(0)
            if someFree.count * 64 < free.count {
                someFree.append(0)
                allFree.append(0)
            }
        }
        return run
    }

    /// Gives frames back.
    mutating func release(_ run: FrameRun) {
        var frame = Int(run.start)
        let end = Int(run.end)
        precondition(end <= touchedEnd, "frames \(run) were never handed out")
        freeTouchedCount += Int(run.count)
        while frame < end {
            let word = frame >> 6
            let mask = wordMask(word, frame, end)
            precondition(free[word] & mask == 0, "a frame of \(run) is free already")
            free[word] |= mask
            refreshSummaries(word)
            frame = (word + 1) << 6
        }
    }

    /// Takes `count` blocks that lie together; nil if there is no room for them.
    mutating func takeBlocks(_ count: Int) -> FrameRun? {
        let run = blocks.take(count, above: touchedEnd)
        frameCount = min(blocks.start, runFramesMax)
        return run
    }

    /// Gives blocks back, which have no memory behind them any more.
    mutating func releaseBlocks(_ run: FrameRun) {
        blocks.release(run)
        frameCount = min(blocks.start, runFramesMax)
    }

    private mutating func takeWholeWords(_ remaining: inout Int, into runs: inout FrameRunList) {
        while remaining >= 64, var word = Self.firstBit(in: allFree, from: hand) {
            repeat {
                claim(word, from: 0, count: 64, &remaining, into: &runs)
                word += 1
            } while remaining >= 64 && word < free.count && free[word] == ~0
            hand = word < free.count ? word : 0
        }
    }

    private mutating func takeFittingRun(_ remaining: inout Int, into runs: inout FrameRunList) {
        guard remaining > 1, remaining < 64 else { return }
        var start = hand
        for _ in 0..<Self.fitAttempts {
            guard let word = Self.firstBit(in: someFree, from: start) else { return }
            // Bit i of `starts` says that `length` frames from i on are free.
            var starts = free[word]
            var length = 1
            while length < remaining {
                let step = min(length, remaining - length)
                starts &= starts >> UInt64(step)
                length += step
            }
            if starts != 0 {
                let first = starts.trailingZeroBitCount
                hand = word
                claim(word, from: first, count: remaining, &remaining, into: &runs)
                return
            }
            start = word + 1 < free.count ? word + 1 : 0
        }
    }

    private mutating func claim(
        _ word: Int,
        from start: Int,
        count: Int,
        _ remaining: inout Int,
        into runs: inout FrameRunList
    ) {
        free[word] &= ~wordMask(0, start, start + count)
        refreshSummaries(word)
        freeTouchedCount -= count
        remaining -= count
        runs.append(FrameRun(start: UInt32(word * 64 + start), count: UInt32(count)))
    }

    private mutating func refreshSummaries(_ word: Int) {
        let bit = UInt64(1) << UInt64(word & 63)
        if free[word] == 0 { someFree[word >> 6] &= ~bit } else { someFree[word >> 6] |= bit }
        if free[word] == ~0 { allFree[word >> 6] |= bit } else { allFree[word >> 6] &= ~bit }
    }

    /// The first bit set at or after bit `start`, going round at the end.
    private static func firstBit(in words: ContiguousArray<UInt64>, from start: Int) -> Int? {
        let first = start >> 6
        guard first < words.count else { return nil }
        let upper = words[first] & (~0 << UInt64(start & 63))
        if upper != 0 { return first << 6 + upper.trailingZeroBitCount }
        for step in 1...words.count {
            let word = (first + step) % words.count
            if words[word] != 0 { return word << 6 + words[word].trailingZeroBitCount }
        }
        return nil
    }
}
