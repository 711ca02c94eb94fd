import Testing

extension Mount {
    /// Flushes, and expects that nothing is dirty then, that the mount looks as before, and that
    /// BACKING holds the same, byte for byte.
    func expectFlushed(sourceLocation: SourceLocation = #_sourceLocation) throws {
        let seen = try place.listing(of: path)
        try flush()
        let status = try status()
        #expect(status.dirtyBytes == 0, sourceLocation: sourceLocation)
        #expect(status.dirtyZeroBytes == 0, sourceLocation: sourceLocation)
        #expect(status.writebackBytes == 0, sourceLocation: sourceLocation)
        #expect(status.files.isEmpty, sourceLocation: sourceLocation)
        let files = try run("find . -type f -print0 | sort -z | sed -z -n 1,10p | tr '\\0' '\\n'")
        for file in files.split(separator: "\n") where !file.utf8.contains(0xEF) {
            let dirty = try dirty(String(file))
            #expect(dirty.ranges.isEmpty && dirty.avail == 0, sourceLocation: sourceLocation)
        }
        place.expectSame(
            seen,
            try place.listing(of: path),
            "mount, before and after the flush",
            sourceLocation: sourceLocation
        )
        place.expectSame(
            seen,
            try place.listing(of: backing),
            "mount and BACKING",
            sourceLocation: sourceLocation
        )
    }

    /// Runs a script in the mount and in an ordinary directory, and expects the same end, the same
    /// output and the same tree, in the mount as after a flush in BACKING.
    func expectAsOrdinary(
        _ script: String,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        let ordinary = try place.run(script, in: place.reference)
        try #require(
            ordinary.status == 0,
            "the script fails by itself: \(ordinary.output)\(ordinary.errors)",
            sourceLocation: sourceLocation
        )
        let here = try place.run(script, in: path)
        #expect(here == ordinary, sourceLocation: sourceLocation)
        place.expectSame(
            try place.listing(of: place.reference, withTimes: false),
            try place.listing(of: path, withTimes: false),
            "ordinary directory and mount",
            sourceLocation: sourceLocation
        )
        try expectFlushed(sourceLocation: sourceLocation)
    }
}
