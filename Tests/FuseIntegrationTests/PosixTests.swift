import Testing

extension Integration {
    /// What POSIX says, for every user: whatever the file system underneath does is right.
    @Suite("POSIX", .enabled(if: Machine.isRoot, "becoming other users takes root"))
    struct PosixTests {
        @Test("a file handle opens its file also when that was forgotten, and in the next mount")
        func handles() throws {
            let place = try TestPlace()
            try withMount(place: place) { mount in
                try mount.run(
                    """
                    mkdir d && echo text >d/file && echo gone >d/gone
                    python3 "$TOOLS/handles.py" save "$SCRATCH/handles" d d/file d/gone
                    rm d/gone && mv d/file d/moved
                    echo 2 >/proc/sys/vm/drop_caches
                    python3 "$TOOLS/handles.py" open "$SCRATCH/handles" >"$SCRATCH/seen"
                    printf '%s\\n' "['moved']" "b'text\\\\n'" ESTALE | diff - "$SCRATCH/seen"
                    """
                )
            }
            try withMount(place: place) { mount in
                try mount.run(
                    #"python3 "$TOOLS/handles.py" open "$SCRATCH/handles" | diff - "$SCRATCH/seen""#
                )
            }
        }
    }
}
