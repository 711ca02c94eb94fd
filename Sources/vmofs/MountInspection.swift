internal import ControlChannel
internal import FuseServer
internal import Glibc
internal import PagedFileSystem
internal import Support
internal import SystemPackage
internal import VMCore
internal import Writeback

/// What the control channel shows of the mount, and does to it.
final class MountInspection: InspectionProvider {
    /// What the daemon takes at most beyond its page memory, in bytes: the program and its
    /// libraries, a receive buffer of 1 MiB a thread, and page tables and metadata, which grow
    /// with the page memory (16 bytes a page of ours, 8 of the kernel's, 8 for what is sparse).
    private static let fixedOverheadBytes: UInt64 = 96 << 20

    let traceRing: TraceRing
    private let mountpoint: String
    private let fileSystem: PagedFileSystem
    private let server: FuseServer

    init(
        mountpoint: String,
        fileSystem: PagedFileSystem,
        server: FuseServer,
        traceRing: TraceRing
    ) {
        self.mountpoint = mountpoint
        self.fileSystem = fileSystem
        self.server = server
        self.traceRing = traceRing
    }

    func status() -> MountStatus {
        var status = MountStatus(
            mountpoint: mountpoint,
            backing: fileSystem.store.path,
            pid: getpid(),
            version: vmofsVersion
        )
        fillInMemory(&status)
        fillInCounters(&status)
        status.files = fileSystem.dirtyFiles().map { file in
            FileStatus(
                path: file.path,
                dirtyBytes: file.dirtyBytes,
                dirtyZeroBytes: file.dirtyZeroBytes,
                writebackBytes: file.writebackBytes,
                oldestDirtyMilliseconds: file.oldestDirtyMilliseconds,
                error: file.failure.map {
                    FileError(
                        file: file.path,
                        error: $0.errno,
                        offset: $0.offset,
                        length: $0.length
                    )
                }
            )
        }
        return status
    }

    private func fillInMemory(_ status: inout MountStatus) {
        let engine = fileSystem.engine
        let gauges = fileSystem.pager.statistics
        status.memoryBytes = UInt64(fileSystem.pager.arena.touchedCount) * pageSize
        status.memoryLimitBytes = engine.limits.memoryBytes
        status.overheadLimitBytes =
            Self.fixedOverheadBytes + UInt64(server.threadCountMax) << 20
            + engine.limits.memoryBytes / 128 + fileSystem.inodeBytes
        status.residentBytes = bytes(gauges.residentPages)
        status.dirtyBytes = bytes(gauges.dirtyPages) + bytes(gauges.awaitingCleanPages)
        status.dirtyZeroBytes = bytes(gauges.dirtyZeroPages)
        status.writebackBytes = bytes(gauges.awaitingCleanPages)
        status.dirtyBackgroundBytes = engine.limits.dirtyBackgroundBytes
        status.dirtyBytesLimit = engine.limits.dirtyBytes
        status.frozen = engine.isFrozen
        status.vmos = count(gauges.vmoCount)
        status.openFiles = count(fileSystem.counts.openFiles)
    }

    private func fillInCounters(_ status: inout MountStatus) {
        let written = fileSystem.engine.statistics
        let pages = fileSystem.pager.statistics
        status.writtenBytes = count(fileSystem.counts.writtenBytes)
        status.flushedBytes = count(written.flushedBytes)
        status.flushedRuns = count(written.flushedRuns)
        status.zeroBytesSkipped = count(written.zeroBytesSkipped)
        status.holePunchedBytes = count(written.holePunchedBytes)
        status.redirtiedPages = count(pages.redirtiedPages)
        status.pageRequestsRead = count(pages.readRequests)
        status.pageRequestsDirty = count(pages.dirtyRequests)
        status.suppliedBytes = bytes(pages.suppliedPages)
        status.evictedPages = count(pages.evictedPages)
        status.throttledMilliseconds = count(written.throttledNanoseconds) / 1_000_000
        status.writebackErrors = count(written.writebackErrors)
        status.traceDropped = traceRing.droppedEvents
    }

    func dirtyRanges(_ query: ControlChannel.DirtyQuery) throws(Errno) -> DirtyReport {
        let attributes = try resolve(query.file)
        guard attributes.isRegular else {
            throw attributes.isDirectory ? .isDirectory : .invalidArgument
        }
        let ranges = try fileSystem.dirtyRanges(
            of: attributes,
            offset: query.offset,
            length: query.length,
            limit: query.limit.map { Int(clamping: $0) } ?? .max
        )
        return DirtyReport(
            file: query.file.path.description,
            pageSize: pageSize,
            vmoSize: ranges.vmoSize,
            contentSize: ranges.contentSize,
            ranges: ranges.ranges.map {
                DirtyReport.Range(offset: $0.offset, length: $0.length, options: $0.options)
            },
            avail: UInt64(ranges.avail)
        )
    }

    func filesOpenForWriting(under directory: FileReference) -> [PathBytes] {
        fileSystem.filesOpenForWriting(under: directory.path.description).map { PathBytes($0) }
    }

    func flush(_ references: [FileReference]) -> [ControlChannel.FlushReport] {
        references.map { reference in
            var report = ControlChannel.FlushReport(path: reference.path.description)
            let outcome: FlushOutcome
            do throws(Errno) {
                let attributes = try resolve(reference)
                outcome =
                    attributes.isDirectory
                    ? fileSystem.flushFiles(under: reference.path.description)
                    : fileSystem.flushFile(attributes.identity)
            } catch {
                report.errors = [
                    FileError(file: report.path, error: error, offset: 0, length: 0)
                ]
                return report
            }
            report.files = outcome.fileCount
            report.bytes = outcome.report.writtenBytes
            report.runs = outcome.report.writtenRuns
            report.holes = outcome.report.holes
            report.errors = fileErrors(outcome)
            return report
        }
    }

    func freeze() { fileSystem.engine.setFrozen(true) }

    func thaw() { fileSystem.engine.setFrozen(false) }

    func drain(progress: (DrainProgress) -> Bool) -> DrainResult {
        // Once more for what was written meanwhile; who goes on writing keeps the mount busy.
        let outcome = fileSystem.drain(passCountMax: 2) { bytes, files in
            progress(DrainProgress(remainingBytes: bytes, remainingFiles: files))
        }
        let left = fileSystem.isShutDown ? [] : fileSystem.dirtyFiles()
        return DrainResult(
            remaining: DrainProgress(
                remainingBytes: left.reduce(0) { $0 + $1.dirtyBytes + $1.dirtyZeroBytes },
                remainingFiles: UInt64(left.count)
            ),
            errors: fileErrors(outcome)
        )
    }

    func requestUnmount() throws(Errno) {
        do throws(MountFailure) {
            try server.detachMountpoint(lazily: false)
        } catch {
            throw error.errno ?? .resourceBusy
        }
    }

    private func resolve(_ reference: FileReference) throws(Errno) -> FileAttributes {
        var names: [FileName] = []
        for part in reference.path.bytes.split(separator: UInt8(ascii: "/")) {
            guard let name = FileName(bytes: part) else { throw .noSuchFileOrDirectory }
            names.append(name)
        }
        return try fileSystem.store.resolve(names).1
    }

    private func fileErrors(_ outcome: FlushOutcome) -> [FileError] {
        outcome.failures.map { path, failure in
            FileError(
                file: path,
                error: failure.errno,
                offset: failure.offset,
                length: failure.length
            )
        }
    }

    private func count(_ counter: borrowing Counter) -> UInt64 { UInt64(max(counter.value, 0)) }

    private func bytes(_ pages: borrowing Counter) -> UInt64 { count(pages) * pageSize }
}
