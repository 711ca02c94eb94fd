import Testing

extension Integration {
    /// Tools that copy trees, each in the mount and in an ordinary directory: what comes out must
    /// be the same, and in BACKING after a flush.
    @Suite("copying tools")
    struct CopyToolTests {
        /// Makes a tree with what copying tools can lose: modes, owners, times, links, holes,
        /// attributes, ACLs, odd names, special files.
        static func makeSource(_ place: TestPlace) throws {
            let outcome = try place.run(#"bash "$TOOLS/make-sample-tree" "$SOURCE""#)
            try #require(outcome.status == 0, "make-sample-tree: \(outcome.errors)")
        }

        @Test("cp -a copies a tree with all that belongs to it", arguments: CacheMode.allCases)
        func copiesTree(mode: CacheMode) throws {
            try withMount([mode.rawValue], prepare: Self.makeSource) { mount in
                try mount.expectAsOrdinary(
                    """
                    cp -a "$SOURCE" copy
                    cp -a copy again
                    cp --reflink=auto --sparse=always copy/sparse sparse
                    """
                )
                let source = try mount.place.listing(of: mount.place.scratch + "/source")
                let copy = try mount.place.listing(of: mount.path + "/copy")
                mount.place.expectSame(source, copy, "source and copy, with times")
            }
        }

        @Test("tar out of and into the mount gives the tree back", arguments: CacheMode.allCases)
        func tarRoundTrip(mode: CacheMode) throws {
            try withMount([mode.rawValue], prepare: Self.makeSource) { mount in
                try mount.expectAsOrdinary(
                    """
                    mkdir one two
                    tar -C "$SOURCE" --xattrs --acls -cf - . | tar -C one --xattrs --acls -xpf -
                    tar -C one --xattrs --acls --sparse -cf archive.tar .
                    tar -C two --xattrs --acls -xpf archive.tar
                    tar -C two -df archive.tar
                    rm archive.tar
                    """
                )
                let source = try mount.place.listing(of: mount.place.scratch + "/source")
                let copy = try mount.place.listing(of: mount.path + "/two")
                mount.place.expectSame(source, copy, "source and second copy, with times")
            }
        }

        @Test("rsync -aHAX --delete mirrors, and finds nothing left to do")
        func rsyncMirrors() throws {
            try withMount(prepare: Self.makeSource) { mount in
                try mount.expectAsOrdinary(
                    """
                    rsync -aHAX --delete "$SOURCE/" mirror/
                    test -z "$(rsync -naHAXic --delete "$SOURCE/" mirror/)"
                    """
                )
                _ = try mount.place.run(
                    """
                    cd "$SOURCE"
                    rm -r directory/deep
                    printf changed >>text
                    chmod 0640 text
                    dd if=/dev/urandom of=large bs=4k seek=100 count=1 conv=notrunc status=none
                    mkdir new && cp -a text new/
                    """
                )
                try mount.run(
                    """
                    rsync -aHAX --inplace --no-whole-file --delete "$SOURCE/" mirror/
                    test -z "$(rsync -naHAXic --delete "$SOURCE/" mirror/)"
                    """
                )
                try mount.expectFlushed()
                try mount.run(
                    #"test -z "$(rsync -naHAXic --delete "$SOURCE/" "$BACKING/mirror/")""#
                )
            }
        }

        @Test(
            "dd writes with every block size and flag as on a disk",
            arguments: CacheMode.allCases
        )
        func ddVariants(mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                _ = try mount.place.run("head -c 8000000 /dev/urandom >$SCRATCH/data")
                try mount.expectAsOrdinary(
                    """
                    dd() { command dd if="$SCRATCH/data" status=none "$@"; }
                    dd of=small bs=512 count=3000
                    dd of=odd bs=1000003
                    dd of=large bs=1M conv=fsync
                    dd of=page bs=4k oflag=direct count=1000
                    dd of=mixed bs=1M oflag=direct conv=fdatasync count=4
                    dd of=durable bs=64k oflag=dsync count=8
                    dd of=inside bs=1M count=2
                    dd of=inside bs=4k count=3 seek=7 conv=notrunc
                    dd of=inside bs=100 count=50 oflag=seek_bytes seek=12345 conv=notrunc
                    dd of=beyond bs=4k count=2 seek=500
                    dd of=appended bs=4k count=1
                    dd of=appended bs=777 count=9 oflag=append conv=notrunc
                    dd of=cut bs=1M count=4
                    dd of=cut bs=1k count=1 seek=1
                    command dd if=large of=copied bs=1M iflag=direct oflag=direct status=none
                    cmp large copied
                    """
                )
            }
        }

        @Test("truncate shrinks and grows; what grows is zero", arguments: CacheMode.allCases)
        func truncates(mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                _ = try mount.place.run("head -c 1000000 /dev/urandom >$SCRATCH/data")
                try mount.expectAsOrdinary(
                    """
                    for size in 0 1 4095 4096 4097 123456 999999 1000000 1000001 3000000; do
                        cp "$SCRATCH/data" "to-$size" && truncate -s $size "to-$size"
                        cp "$SCRATCH/data" "twice-$size"
                        truncate -s 5000 "twice-$size" && truncate -s $size "twice-$size"
                    done
                    truncate -s 1T huge && truncate -s 10 huge
                    cp "$SCRATCH/data" flushed && sync flushed
                    truncate -s 4100 flushed && truncate -s 20000 flushed
                    printf tail >>flushed
                    """
                )
            }
        }
    }
}
