import Support
import SystemPackage

@testable import ControlChannel

/// A mount that answers from a script and remembers what it was asked.
final class ScriptedProvider: InspectionProvider {
    struct State {
        var isFrozen = false
        var queries: [DirtyQuery] = []
        var flushed: [FileReference] = []
        var unmountCount = 0
        /// What is left after a drain.
        var remaining = DrainProgress(remainingBytes: 0, remainingFiles: 0)
        var drainErrors: [FileError] = []
        var unmountError: Errno?
        /// Progress reports of a drain; -1 for one that goes on until it is told to stop.
        var drainSteps = 2
        var isDraining = false
    }

    let state = Guarded(State(), rank: .leaf)
    let traceRing = TraceRing(capacity: 128)

    func status() -> MountStatus {
        var status = MountStatus(mountpoint: "/m", backing: "/b", pid: 7, version: "1")
        status.frozen = state.withLock { $0.isFrozen }
        status.dirtyBytes = .max
        return status
    }

    func dirtyRanges(_ query: DirtyQuery) throws(Errno) -> DirtyReport {
        state.withLock { $0.queries.append(query) }
        if query.file.path == PathBytes("gone") { throw .noSuchFileOrDirectory }
        return DirtyReport(
            file: query.file.path.description,
            pageSize: 4096,
            vmoSize: 8192,
            contentSize: 5000,
            ranges: [.init(offset: 4096, length: 4096, options: 0)],
            avail: 2
        )
    }

    func filesOpenForWriting(under directory: FileReference) -> [PathBytes] {
        [directory.path.appending(PathBytes("f")), PathBytes([0xFF])]
    }

    func flush(_ references: [FileReference]) -> [FlushReport] {
        state.withLock { $0.flushed += references }
        return references.map { FlushReport(path: $0.path.description, bytes: $0.inode) }
    }

    func freeze() { state.withLock { $0.isFrozen = true } }

    func thaw() { state.withLock { $0.isFrozen = false } }

    func drain(progress: (DrainProgress) -> Bool) -> DrainResult {
        var steps = state.withLock { state in
            state.isDraining = true
            return state.drainSteps
        }
        defer { state.wakeAll() }
        while steps != 0, progress(DrainProgress(remainingBytes: 4096, remainingFiles: 1)) {
            steps -= 1
        }
        return state.withLock { state in
            state.isDraining = false
            return DrainResult(remaining: state.remaining, errors: state.drainErrors)
        }
    }

    func requestUnmount() throws(Errno) {
        try state.withLock { state throws(Errno) in
            state.unmountCount += 1
            if let error = state.unmountError { throw error }
        }
    }
}
