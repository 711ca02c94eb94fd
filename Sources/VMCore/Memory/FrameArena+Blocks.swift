// Blocks: frames that are cut off from the end of the arena in runs of whole leaves, so that the
// pages of a VMO can lie in the order in which a mapping shows them.
//
// This is one of the few files with raw pointers.

internal import CLinux
internal import Glibc
internal import Support
public import SystemPackage

extension FrameArena {
    /// Makes an arena as large as the process may have one, of `frameCountMax` frames at most, of
    /// which `runFramesMax` at most are handed out otherwise than for mappings.
    ///
    /// For a process whose VMOs are mapped: blocks take address space, and no memory.
    ///
    /// Errors: as `init(frameCount:)`, for an arena of one block.
    public static func sparse(
        frameCountMax: Int,
        runFramesMax: Int = .max
    ) throws(Errno) -> FrameArena {
        // Asking for more sends a signal that kills.
        let fileSizeMax = clinux_file_size_limit() / pageSize
        var frameCount = Int(min(UInt64(frameCountMax), fileSizeMax, UInt64(UInt32.max)))
        while frameCount > blockPages {
            do throws(Errno) {
                return try FrameArena(frameCount: frameCount, runFramesMax: runFramesMax)
            } catch {
                frameCount /= 2
            }
        }
        return try FrameArena(frameCount: blockPages, runFramesMax: runFramesMax)
    }

    /// Takes `count` blocks of `blockPages` frames that lie together; nil if the arena has no room
    /// for them.
    ///
    /// Their frames are zeros, and have no memory until they are touched.
    func takeBlocks(_ count: Int) -> FrameRun? {
        let (run, change) = state.withLock { map in
            let before = map.frameCount
            let run = map.takeBlocks(count)
            return (run, map.frameCount - before)
        }
        freeFrames.add(change)
        return run
    }

    /// Gives blocks back, and their memory.
    func releaseBlocks(_ run: FrameRun) {
        dropMemory(of: run)
        let change = state.withLock { map in
            let before = map.frameCount
            map.releaseBlocks(run)
            return map.frameCount - before
        }
        freeFrames.add(change)
    }

    /// Gives the memory behind frames of blocks back: they become zeros, and every mapping of them
    /// faults again.
    public func dropMemory(of run: FrameRun) {
        let result = clinux_fallocate(
            descriptor,
            CInt(CLINUX_FALLOC_FL_PUNCH_HOLE | CLINUX_FALLOC_FL_KEEP_SIZE),
            Int64(run.start) * Int64(pageSize),
            Int64(run.count) * Int64(pageSize)
        )
        precondition(result == 0, "no hole in the arena: errno \(errno)")
    }

    /// The part of `run` that is in no block; adds the rest to `placed`.
    ///
    /// Lock: the arena's, whose state is `map`.
    @inline(__always)
    func cutPlaced(
        _ run: FrameRun,
        in map: borrowing FrameMap,
        into placed: inout FrameRunList
    ) -> FrameRun {
        guard Int(run.end) > map.frameCount else { return run }
        // A run may have grown over the border when it was put together.
        let border = max(run.start, UInt32(map.frameCount))
        placed.append(FrameRun(start: border, count: run.end - border))
        return FrameRun(start: run.start, count: border - run.start)
    }

    /// Shows frames at `address`, in place of what is mapped there.
    ///
    /// The mapping is not inherited by a child process. `protection` is as in mmap(2).
    ///
    /// Preconditions:
    /// - The range at `address` is the caller's to replace.
    ///
    /// Errors: what mmap(2) reports; the range may have lost its old mapping then.
    public func show(_ run: FrameRun, at address: UInt, protection: Int32) throws(Errno) {
        let length = Int(run.count) * Int(pageSize)
        // SAFETY: the range is the caller's by the precondition.
        let target = unsafe UnsafeMutableRawPointer(bitPattern: address)
        let mapping = unsafe mmap(
            target,
            length,
            protection,
            MAP_SHARED | MAP_FIXED | MAP_NORESERVE,
            descriptor,
            Int(run.start) * Int(pageSize)
        )
        guard unsafe mapping != MAP_FAILED else { throw Errno(rawValue: errno) }
        unsafe madvise(mapping, length, MADV_DONTFORK)
    }
}
