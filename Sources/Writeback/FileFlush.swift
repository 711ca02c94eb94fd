public import Support
internal import SystemPackage
internal import VMCore

/// Writes back what is dirty in one file: the life of DESIGN's "one flush of a file".
///
/// It goes round by round. A round, behind the file's gate:
///
///     query   zx_pager_query_dirty_ranges from where the last round stopped
///     BEGIN   over each range, IS_ZERO for zero ranges and only for them
///     zero    the zeros whose writeback BEGIN says it began
///     write   the pages that are awaiting clean
///     END     over the same ranges
///
/// What each step relies on:
///
/// - Only a round ends writebacks, and rounds exclude each other. So a page in a range that the
///   query of this round returned is dirty, awaiting clean or zero until the round ends, whatever
///   applications do; never clean, never absent. Zeroing it in the backing file loses nothing.
/// - The data is read after BEGIN. A write that comes later makes its page dirty again, and END
///   leaves it.
/// - What the query called data may be zeros by the time of BEGIN, and END cleans those as well. So
///   BEGIN's answer counts, not the query's.
/// - A failure ends the round without END: its pages stay awaiting clean, which the next query
///   reports again. The zeros are taken back, so that no later END cleans what comes to lie there.
public struct FileFlush: Sendable {
    private let target: any WritebackTarget
    private let isSync: Bool
    private let events: any PageEventSink

    /// Prepares a flush of `target`.
    public init(
        _ target: any WritebackTarget,
        isSync: Bool = false,
        events: any PageEventSink
    ) {
        self.target = target
        self.isSync = isSync
        self.events = events
    }

    /// Writes back every page that is dirty now, then the size and times of the file.
    ///
    /// Blocks for the I/O. Pages dirtied meanwhile may or may not be included.
    /// `progress` is called after each round with what it did, and no lock held.
    public func run(progress: (FlushReport) -> Void) throws(FlushFailure) -> FlushReport {
        var total = FlushReport()
        // A file that grows as fast as it is flushed must not keep its flush going for ever.
        let end = target.vmo.size
        do throws(FlushFailure) {
            var offset: UInt64 = 0
            while true {
                let (report, next) = try target.gate.withGate {
                    () throws(FlushFailure) in try round(from: offset, to: end)
                }
                total += report
                progress(report)
                guard let next else { break }
                offset = next
            }
            try target.gate.withGate { () throws(FlushFailure) in
                try target.writeAttributes(isSync: isSync)
            }
        } catch {
            emitFailure(error)
            target.flushDidEnd(error)
            throw error
        }
        target.flushDidEnd(nil)
        return total
    }

    /// One round of `[offset, end)`; returns where the next one begins, nil after the last.
    private func round(
        from offset: UInt64,
        to end: UInt64
    ) throws(FlushFailure) -> (FlushReport, UInt64?) {
        var report = FlushReport()
        let items = FlushPlanner.plan(dirtyRanges(from: offset, to: end))
        guard let last = items.last else { return (report, nil) }
        var zeros: [PageRange] = []
        for item in items {
            zeros += beginWriteback(item)
        }
        do throws(FlushFailure) {
            for pages in zeros {
                report += try makeZero(pages)
            }
            for item in items where !item.isZero {
                report += try writeData(item.pages)
            }
        } catch {
            for item in items { target.vmo.abandonZeroWriteback(item.pages) }
            throw error
        }
        target.willEndWriteback()
        for item in items {
            endWriteback(item)
        }
        return (report, last.pages.end * pageSize)
    }

    private func dirtyRanges(from offset: UInt64, to end: UInt64) -> [DirtyRange] {
        let size = min(end, target.vmo.size)
        guard offset < size else { return [] }
        do {
            return try target.vmo.queryDirtyRanges(
                offset: offset,
                length: size - offset,
                capacity: FlushPlanner.roundRangesMax,
                countingAvailable: false
            ).ranges
        } catch {
            // The gate keeps the file from shrinking, so the range is never out of range.
            preconditionFailure("query of [\(offset),\(size)) failed: \(error)")
        }
    }

    private func writeData(_ pages: PageRange) throws(FlushFailure) -> FlushReport {
        var report = FlushReport()
        let lease = target.vmo.leaseAwaitingClean(pages)
        var position: UInt64?
        for segment in lease.segments {
            // Segments end where frames are not contiguous; a run is contiguous in the file.
            if segment.pages.start != position { report.writtenRuns += 1 }
            position = segment.pages.end
        }
        if report.writtenRuns > 0 {
            report.writtenBytes = try target.write(lease)
            emit(.written, pages, ["bytes": String(report.writtenBytes)])
        }
        return report
    }

    private func makeZero(_ pages: PageRange) throws(FlushFailure) -> FlushReport {
        var report = FlushReport()
        report.punchedBytes = try target.makeZero(pages)
        report.zeroBytes = pages.count * pageSize
        report.holes = 1
        emit(.hole, pages, ["punched": String(report.punchedBytes)])
        return report
    }

    /// Returns the zeros whose writeback it began.
    private func beginWriteback(_ item: FlushPlanner.Item) -> [PageRange] {
        emit(.writebackBegin, item.pages, ["options": item.isZero ? "1" : "0"])
        do {
            return try target.vmo.beginWriteback(item.pages, isZero: item.isZero)
        } catch {
            preconditionFailure("writeback begin of \(item.pages) failed: \(error)")
        }
    }

    private func endWriteback(_ item: FlushPlanner.Item) {
        do {
            try target.vmo.endWriteback(item.pages)
        } catch {
            preconditionFailure("writeback end of \(item.pages) failed: \(error)")
        }
        emit(.writebackEnd, item.pages, [:])
    }

    private func emit(
        _ kind: PageEvent.Kind,
        _ pages: PageRange,
        _ fields: @autoclosure () -> [String: String]
    ) {
        guard events.isListening else { return }
        let bytes = pages.bytes
        events.emit(
            PageEvent(
                kind,
                file: target.label,
                offset: bytes.start,
                length: bytes.count,
                fields: fields()
            )
        )
    }

    /// Errors go out even where nobody traces: they belong into the log.
    private func emitFailure(_ failure: FlushFailure) {
        events.emit(
            PageEvent(
                .error,
                file: target.label,
                offset: failure.offset,
                length: failure.length,
                fields: ["errno": String(failure.errno.rawValue)]
            )
        )
    }
}
