internal import ControlChannel

/// The status of a mount for people: names and values, then the files with dirty pages.
func statusText(_ status: MountStatus) -> String {
    var values = TextTable(alignments: [.left, .left])
    values.append(["mountpoint", printable(status.mountpoint)])
    values.append(["backing", printable(status.backing)])
    values.append(["daemon", "process \(status.pid), version \(printable(status.version))"])
    values.append(["writeback", status.frozen ? "frozen" : "running"])
    var numbers = TextTable(alignments: [.left, .right, .left])
    for (name, value, unit) in numberRows(of: status) {
        numbers.append([name, "\(value)", unit])
    }
    var text = values.text + "\n" + numbers.text
    if status.files.isEmpty { return text }
    var files = TextTable([
        ("DIRTY", .right), ("ZERO", .right), ("WRITEBACK", .right), ("AGE ms", .right),
        ("FILE", .left), ("ERROR", .left),
    ])
    for file in status.files {
        files.append([
            "\(file.dirtyBytes)", "\(file.dirtyZeroBytes)", "\(file.writebackBytes)",
            "\(file.oldestDirtyMilliseconds)", printable(file.path),
            file.error.map { printable($0.rangeDescription) } ?? "-",
        ])
    }
    text += "\n" + files.text
    return text
}

private func numberRows(of status: MountStatus) -> [(name: String, value: UInt64, unit: String)] {
    [
        ("memory in use", status.memoryBytes, "bytes"),
        ("memory limit", status.memoryLimitBytes, "bytes"),
        ("overhead limit", status.overheadLimitBytes, "bytes"),
        ("resident", status.residentBytes, "bytes"),
        ("dirty", status.dirtyBytes, "bytes"),
        ("dirty zeros", status.dirtyZeroBytes, "bytes"),
        ("in writeback", status.writebackBytes, "bytes"),
        ("writeback starts at", status.dirtyBackgroundBytes, "dirty bytes"),
        ("writers wait at", status.dirtyBytesLimit, "dirty bytes"),
        ("VMOs", status.vmos, ""),
        ("open files", status.openFiles, ""),
        ("written by applications", status.writtenBytes, "bytes"),
        ("flushed to backing", status.flushedBytes, "bytes"),
        ("flushed runs", status.flushedRuns, ""),
        ("zeros skipped", status.zeroBytesSkipped, "bytes"),
        ("holes punched", status.holePunchedBytes, "bytes"),
        ("redirtied in writeback", status.redirtiedPages, "pages"),
        ("page requests to read", status.pageRequestsRead, ""),
        ("page requests to dirty", status.pageRequestsDirty, ""),
        ("supplied from backing", status.suppliedBytes, "bytes"),
        ("evicted", status.evictedPages, "pages"),
        ("writers throttled", status.throttledMilliseconds, "ms"),
        ("writeback errors", status.writebackErrors, ""),
        ("trace events dropped", status.traceDropped, ""),
    ]
}

/// The list of mounts for people.
func mountListText(_ list: MountList) -> String {
    var table = TextTable([
        ("MOUNTPOINT", .left), ("BACKING", .left), ("PID", .right), ("DIRTY", .right),
        ("WRITEBACK", .right), ("MEMORY", .right), ("STATE", .left),
    ])
    for mount in list.mounts {
        table.append([
            printable(mount.mountpoint), printable(mount.backing), "\(mount.pid)",
            "\(mount.dirtyBytes)", "\(mount.writebackBytes)", "\(mount.memoryBytes)",
            mount.frozen ? "frozen" : "running",
        ])
    }
    for mount in list.unreachable {
        table.append([
            printable(mount.mountpoint), printable(mount.backing), "-", "-", "-", "-",
            printable(mount.error),
        ])
    }
    return table.text
}
