internal import CLinux
internal import Glibc
internal import Support
internal import Synchronization
public import SystemPackage

/// The memory that holds the pages of every VMO: one memfd, mapped once, cut into 4 KiB frames.
///
/// Frames are handed out in runs as contiguous as possible. A frame given back keeps its memory
/// and is handed out again before an untouched one. A frame that is pinned by a `PageLease` when
/// its owner gives it back becomes free at the last unpin.
///
/// Blocks of frames can be cut off from the end of the arena, for pages that must lie in a place
/// of their own (`FrameArena+Blocks.swift`).
///
/// Thread safety: any thread.
@safe
public final class FrameArena: @unchecked Sendable {
    // SAFETY: `base` is a mapping of `frameCount` frames and `pins` an array of `frameCount` zeroed
    // counts; both live until `deinit`. Bytes of a frame are touched only by who holds the frame;
    // counts are written under the lock of `state` and read as atomics.
    let base: UnsafeMutableRawPointer
    let pins: UnsafeMutablePointer<Atomic<UInt16>>
    let descriptor: Int32
    let state: Guarded<FrameMap>
    let freeFrames: Counter
    /// Frames with a pin count above zero.
    let pinnedFrames = Atomic<Int>(0)

    /// The number of frames.
    public let frameCount: Int

    /// Makes an arena of `frameCount` frames; it costs no memory until frames are touched.
    ///
    /// Preconditions:
    /// - `frameCount` is at least 1 and fits 32 bits.
    ///
    /// Errors: what memfd_create(2), ftruncate(2) and mmap(2) report.
    public convenience init(frameCount: Int) throws(Errno) {
        try self.init(frameCount: frameCount, runFramesMax: .max)
    }

    /// Of the frames, `runFramesMax` at most are handed out otherwise than in blocks.
    init(frameCount: Int, runFramesMax: Int) throws(Errno) {
        precondition(frameCount > 0, "an arena of \(frameCount) frames")
        precondition(frameCount <= Int(UInt32.max), "\(frameCount) frames do not fit 32 bits")
        self.frameCount = frameCount
        let byteCount = frameCount * Int(pageSize)
        let descriptor = unsafe clinux_memfd_create("vmofs-frames", 0)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        var mapping: UnsafeMutableRawPointer? = unsafe MAP_FAILED
        if ftruncate(descriptor, byteCount) == 0 {
            unsafe mapping = mmap(
                nil,
                byteCount,
                PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_NORESERVE,
                descriptor,
                0
            )
        }
        guard unsafe mapping != MAP_FAILED, let base = unsafe mapping else {
            let error = Errno(rawValue: errno)
            close(descriptor)
            throw error
        }
        // Mapped, because it costs no memory either until a count is written.
        let pins = unsafe mmap(
            nil,
            frameCount * MemoryLayout<Atomic<UInt16>>.stride,
            PROT_READ | PROT_WRITE,
            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
            -1,
            0
        )
        guard unsafe pins != MAP_FAILED, let pins = unsafe pins else {
            unsafe munmap(base, byteCount)
            close(descriptor)
            throw .noMemory
        }
        self.descriptor = descriptor
        unsafe self.base = base
        unsafe self.pins = pins.bindMemory(to: Atomic<UInt16>.self, capacity: frameCount)
        let map = FrameMap(frameCount: frameCount, runFramesMax: runFramesMax)
        freeFrames = Counter(map.freeCount)
        state = Guarded(map, rank: .arena)
    }

    deinit {
        unsafe munmap(pins, frameCount * MemoryLayout<Atomic<UInt16>>.stride)
        unsafe munmap(base, frameCount * Int(pageSize))
        close(descriptor)
    }

    /// Frames that `take` could give at some recent moment.
    public var freeCount: Int { freeFrames.value }

    /// Free frames that have memory behind them, so that writing to them does not fault.
    public var prefaultedFreeCount: Int {
        state.withLock { map in map.freeTouchedCount }
    }

    /// Frames with memory behind them, besides those of blocks.
    public var touchedCount: Int {
        state.withLock { map in map.touchedEnd }
    }

    /// Takes up to `count` frames in as few runs as possible; fewer, perhaps none, when the arena
    /// is short.
    ///
    /// Never blocks. What the frames hold is undefined.
    public func take(_ count: Int) -> FrameBatch {
        precondition(count >= 0, "taking \(count) frames")
        let list = state.withLock { map in
            var list = FrameRunList()
            map.take(count, into: &list)
            return list
        }
        freeFrames.add(-list.frameCount)
        return FrameBatch(list, arena: self)
    }

    /// Puts memory behind up to `count` free frames that were never touched; returns how many.
    ///
    /// For a background thread: it blocks for about 0.2 ms a MiB, holds no lock meanwhile, and the
    /// frames are not free in between. Source: madvise(2), `MADV_POPULATE_WRITE`.
    public func prefault(_ count: Int) -> Int {
        guard let run = state.withLock({ map in map.takeUntouched(count) }) else { return 0 }
        freeFrames.add(-Int(run.count))
        let bytes = unsafe bytes(of: run)
        let result = unsafe clinux_populate_write(bytes.baseAddress, bytes.count)
        release([run])
        // A kernel that refuses (before 5.14) lets the first write fault instead.
        return result == 0 ? Int(run.count) : 0
    }

    /// Gives frames back; those that are pinned become free at their last unpin.
    func release(_ runs: [FrameRun]) {
        var list = FrameRunList()
        for run in runs { list.append(run) }
        release(list)
    }

    /// Gives frames back; those that are pinned become free at their last unpin.
    func release(_ list: FrameRunList) {
        guard !list.isEmpty else { return }
        var freed = 0
        var placed = FrameRunList()
        state.withLock { map in
            list.forEach { run in
                let run = cutPlaced(run, in: map, into: &placed)
                if run.count == 0 { return }
                if pinnedFrames.load(ordering: .acquiring) == 0 {
                    map.release(run)
                    freed += Int(run.count)
                } else {
                    freed += releaseUnpinned(run, in: &map)
                }
            }
        }
        freeFrames.add(freed)
        placed.forEach { run in dropMemory(of: run) }
    }

    /// Adds to the count of free frames; for the pin code, which frees frames of its own.
    func noteFreed(_ count: Int) {
        if count != 0 { freeFrames.add(count) }
    }
}
