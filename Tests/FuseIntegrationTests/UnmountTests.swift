import Foundation
import TestSupport
import Testing

extension Integration {
    /// However a mount ends, everything that was written in it is in BACKING.
    @Suite("unmounting")
    struct UnmountTests {
        /// The ways to end a mount, as commands of a shell that knows the daemon as DAEMON.
        static let endings = [
            #""$VMOFS" unmount "$MOUNT""#, #"umount "$MOUNT""#, #"fusermount3 -u "$MOUNT""#,
            "kill -TERM $DAEMON", "kill -INT $DAEMON", "kill -HUP $DAEMON",
        ]

        /// Leaves dirty data of every kind: large, small, zeros, truncated, mapped, renamed.
        static let work = """
            head -c 40M /dev/urandom >large
            mkdir d && for i in {1..100}; do echo "file $i" >d/$i; done
            dd if=/dev/zero of=zeros bs=1M count=20 status=none
            head -c 300000 /dev/urandom >cut && truncate -s 123456 cut && truncate -s 200000 cut
            python3 -c '
            import mmap, os
            fd = os.open("mapped", os.O_RDWR | os.O_CREAT, 0o644)
            os.ftruncate(fd, 100_001)
            mmap.mmap(fd, 100_001)[99_990:] = b"mapped end!"
            '
            echo new >draft && mv draft d/1
            setfattr -n user.a -v b large && touch -d 2001-01-01 d/2
            """

        @Test("nothing is lost", arguments: endings, CacheMode.allCases)
        func losesNothing(ending: String, mode: CacheMode) throws {
            let place = try TestPlace()
            let mount = try Mount(place, options: [mode.rawValue])
            defer { mount.destroy() }
            try mount.run(Self.work)
            let seen = try place.listing(of: place.mountPoint)
            let outcome = try place.run("DAEMON=\(mount.daemon)\n" + ending)
            #expect(outcome.status == 0, "\(outcome.errors)")
            try mount.expectGone()
            place.expectSame(seen, try place.listing(of: place.backing), "mount and BACKING")
        }

        @Test(
            "in the foreground a signal drains and exits with 0",
            arguments: ["TERM", "INT", "HUP"]
        )
        func exitsCleanly(signal: String) throws {
            let place = try TestPlace()
            let daemon = try ForegroundMount(place)
            defer { daemon.destroy() }
            let work = try place.run(Self.work, in: place.mountPoint)
            #expect(work.status == 0, "\(work.errors)")
            let seen = try place.listing(of: place.mountPoint)
            let outcome = try daemon.end(signal: signal)
            #expect(outcome.status == 0, "\(outcome.errors)")
            place.expectSame(seen, try place.listing(of: place.backing), "mount and BACKING")
        }

        @Test("a mount that is in use stays, and says who uses it")
        func staysWhileBusy() throws {
            try withMount { mount in
                let outcome = try mount.place.run(
                    #"echo kept >file; "$VMOFS" unmount --timeout 2 "$MOUNT""#,
                    in: mount.path
                )
                #expect(outcome.status == 1)
                #expect(outcome.errors.contains("vmofs: "))
                try mount.run("test $(cat file) = kept && mountpoint -q \"$MOUNT\"")
            }
        }

        @Test(
            "a mount that lives on in another mount namespace is unmounted here, and that is said",
            .enabled(if: Machine.isRoot, "only root can make mount namespaces")
        )
        func livesOnElsewhere() throws {
            let place = try TestPlace()
            let mount = try Mount(place)
            defer { mount.destroy() }
            let outcome = try place.run(
                """
                unshare -m sleep 60 &
                trap 'kill $!' EXIT
                until [[ $(readlink /proc/$!/ns/mnt) != $(readlink /proc/$$/ns/mnt) ]]; do
                    sleep 0.05
                done
                echo kept >"$MOUNT/file"
                "$VMOFS" unmount "$MOUNT"
                """
            )
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("in other mount namespaces: process "))
            #expect(outcome.errors.contains(" (sleep) "))
            try mount.expectGone()
            #expect(try place.run(#"cat "$BACKING/file""#).output == "kept\n")
        }

        /// BACKING is frozen, so the daemon of the first mount cannot end before it is thawed.
        @Test(
            "a mount made after umount(8) waits until the one before has written everything back",
            .enabled(if: LoopbackExt4.isAvailable)
        )
        func mountsBehindADrain() throws {
            try withSmallBacking(mebibytes: 64) { mount in
                let outcome = try mount.place.run(
                    """
                    cd "$MOUNT" && head -c 1M /dev/urandom >file && sha256sum file >"$SCRATCH/sum"
                    cd /
                    fsfreeze -f "$BACKING/.."
                    trap 'fsfreeze -u "$BACKING/.."' EXIT
                    umount "$MOUNT"
                    "$VMOFS" mount "$BACKING" "$MOUNT" &
                    for ((i = 0; i < 20; i++)); do
                        ! mountpoint -q "$MOUNT" || { echo "it did not wait"; exit 1; }
                        sleep 0.05
                    done
                    fsfreeze -u "$BACKING/.."
                    trap - EXIT
                    wait
                    cd "$MOUNT" && sha256sum -c "$SCRATCH/sum"
                    """
                )
                #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
            }
        }

        @Test("what was unmounted can be mounted again and again")
        func remounts() throws {
            let place = try TestPlace()
            for round in 1...5 {
                try withMount(place: place) { mount in
                    try mount.run(
                        """
                        for ((i = 1; i < \(round); i++)); do
                            test "$(cat file-$i)" = "round $i"
                        done
                        echo "round \(round)" >file-\(round)
                        """
                    )
                }
            }
        }
    }
}
