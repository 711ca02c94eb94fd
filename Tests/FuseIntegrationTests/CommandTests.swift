import Foundation
import Testing

extension Integration {
    /// The commands that look at a mount, and the ways to start one.
    @Suite("commands")
    struct CommandTests {
        @Test("every command explains itself")
        func help() throws {
            let commands = [
                "mount", "unmount", "status", "dirty", "flush", "trace", "freeze", "thaw",
            ]
            for command in [[]] + commands.map({ [$0] }) {
                let outcome = try Tool.run([Machine.binary] + command + ["--help"])
                #expect(outcome.status == 0)
                #expect(outcome.output.contains("USAGE"))
                #expect(outcome.errors.isEmpty)
            }
        }

        @Test("a mount is listed with its type and source, and by status")
        func listed() throws {
            try withMount { mount in
                try mount.run(
                    """
                    test "$(findmnt -nro SOURCE,FSTYPE "$MOUNT")" = "$BACKING fuse.vmofs"
                    test "$(findmnt -nro TARGET -t fuse.vmofs | grep -cxF "$MOUNT")" = 1
                    "$VMOFS" status | grep -qF "$MOUNT"
                    "$VMOFS" status --json | grep -qF '"mountpoint"'
                    df "$MOUNT" >/dev/null
                    """
                )
                let status = try mount.status()
                #expect(status.mountpoint == mount.path)
                #expect(status.backing == mount.backing)
                #expect(status.pageSize == 4096)
                #expect(status.memoryLimitBytes == 64 << 20)
            }
        }

        @Test("status counts what is written, and names the dirty file")
        func counts() throws {
            try withMount(["no_writeback_cache"]) { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    """
                    mkdir d && head -c 10M /dev/urandom >d/data
                    dd if=/dev/zero of=d/data bs=1M count=2 seek=10 conv=notrunc status=none
                    """
                )
                let status = try mount.status()
                #expect(status.writtenBytes == 12 << 20)
                #expect(status.dirtyBytes == 10 << 20)
                #expect(status.dirtyZeroBytes == 2 << 20)
                #expect(status.flushedBytes == 0)
                #expect(status.residentBytes >= 10 << 20)
                #expect(status.files.map(\.path) == ["d/data"])
                #expect(status.files.first?.dirtyBytes == 10 << 20)
                #expect(status.files.first?.dirtyZeroBytes == 2 << 20)
            }
        }

        @Test("flush of a subtree leaves the rest dirty")
        func flushesSubtree() throws {
            try withMount(["no_writeback_cache"]) { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    "mkdir -p a/b c && echo 1 >a/one && echo 2 >a/b/two && echo 3 >c/three"
                )
                try mount.vmofs("flush", mount.path + "/a")
                #expect(try mount.status().files.map(\.path) == ["c/three"])
                try mount.vmofs("flush", mount.path + "/c/three")
                #expect(try mount.status().files.isEmpty)
            }
        }

        @Test("fsync of one file writes back that file while all is frozen")
        func fsyncWhileFrozen() throws {
            try withMount { mount in
                try DirtyRangeTests.freeze(mount)
                try mount.run(
                    """
                    head -c 1M /dev/urandom >synced && sync synced && cmp synced "$BACKING/synced"
                    head -c 1M /dev/urandom >unsynced
                    test "$(stat -c %b "$BACKING/unsynced")" = 0
                    """
                )
                #expect(try mount.dirty("unsynced").ranges == [.data(page: 0, count: 256)])
            }
        }

        @Test("trace tells what happens to a file, one JSON object a line")
        func traces() throws {
            try withMount { mount in
                let trace = try mount.place.start(
                    #"exec timeout -s INT 3 "$VMOFS" trace --json "$MOUNT""#
                )
                try mount.run(
                    """
                    for i in {1..20}; do
                        head -c 50000 /dev/urandom >file
                        truncate -s 1M file
                        "$VMOFS" flush file
                        sleep 0.05
                    done
                    """
                )
                struct Event: Decodable {
                    var time: UInt64
                    var event: String
                    var file: String?
                    var offset: UInt64?
                    var length: UInt64?
                }
                let lines = try trace.wait().output.split(separator: "\n")
                let events = try lines.map { try decode(Event.self, from: String($0)) }
                let kinds = Set(events.filter { $0.file == "file" }.map(\.event))
                for kind in ["dirty", "writeback_begin", "written", "writeback_end"] {
                    #expect(kinds.contains(kind))
                }
                #expect(events.allSatisfy { $0.time > 1_500_000_000_000_000_000 })
            }
        }

        @Test("a read-only mount reads and refuses to write")
        func readOnly() throws {
            try withMount(["ro"], prepare: { _ = try $0.run(#"echo text >"$BACKING/file""#) }) {
                mount in
                try mount.run("test $(cat file) = text")
                let outcome = try mount.place.run("echo more >>file", in: mount.path)
                #expect(outcome.status != 0 && outcome.errors.contains("Read-only file system"))
            }
        }

        @Test(
            "mount(8) and fstab mount it through the helpers",
            .enabled(if: Machine.isRoot)
        )
        func mountHelpers() throws {
            let place = try TestPlace()
            // In a mount namespace of its own /usr/sbin can be dressed up with the helpers.
            let outcome = try place.run(
                """
                mkdir "$SCRATCH"/{upper,work}
                ln -s "$VMOFS" "$SCRATCH/upper/mount.vmofs"
                ln -s "$VMOFS" "$SCRATCH/upper/mount.fuse.vmofs"
                cat >"$SCRATCH/fstab" <<END
                $BACKING $MOUNT fuse.vmofs defaults,_netdev,x-systemd.automount,memory=64M 0 0
                END
                cat >"$SCRATCH/inside" <<'END'
                set -euo pipefail
                layers=lowerdir=/usr/sbin,upperdir=$SCRATCH/upper,workdir=$SCRATCH/work
                mount -t overlay none -o "$layers" /usr/sbin
                leave() {
                    umount "$MOUNT"
                    for ((i = 0; i < 200; i++)); do
                        cmp -s "$BACKING/$1" "$SCRATCH/$1" && return
                        sleep 0.05
                    done
                    return 1
                }
                for name in one two three; do echo $name >"$SCRATCH/$name"; done
                mount -t vmofs "$BACKING" "$MOUNT" -o memory=64M,noatime
                echo one >"$MOUNT/one" && leave one
                mount -t fuse.vmofs "$BACKING" "$MOUNT" -o memory=64M
                echo two >"$MOUNT/two" && leave two
                mount --fstab "$SCRATCH/fstab" "$MOUNT"
                echo three >"$MOUNT/three" && leave three
                mount -f -t vmofs "$BACKING" "$MOUNT" && ! mountpoint -q "$MOUNT"
                ! mount -t vmofs "$BACKING" "$MOUNT" -o nonsense 2>/dev/null
                END
                unshare --mount --propagation private bash "$SCRATCH/inside"
                """
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        }

        @Test(
            "a user without privileges mounts, writes and unmounts",
            .enabled(if: Machine.isRoot)
        )
        func plainUser() throws {
            let place = try TestPlace()
            let outcome = try place.run(
                """
                mkdir -m 0700 "$SCRATCH/run" && chown 65534 "$BACKING" "$MOUNT" "$SCRATCH/run"
                cat >"$SCRATCH/user" <<'END'
                set -euo pipefail
                export XDG_RUNTIME_DIR=$SCRATCH/run
                "$VMOFS" mount -o memory=64M "$BACKING" "$MOUNT"
                echo text >"$MOUNT/file"
                "$VMOFS" flush "$MOUNT/file" && cmp "$MOUNT/file" "$BACKING/file"
                echo more >>"$MOUNT/file"
                "$VMOFS" unmount "$MOUNT"
                grep -q more "$BACKING/file"
                END
                # Some machines keep /dev/fuse for root: here is one of our own, open to all.
                cat >"$SCRATCH/inside" <<'END'
                mknod -m 0666 "$SCRATCH/fuse" c 10 229
                mount --bind "$SCRATCH/fuse" /dev/fuse
                exec setpriv --reuid 65534 --regid 65534 --clear-groups bash "$SCRATCH/user"
                END
                unshare --mount --propagation private bash "$SCRATCH/inside"
                """
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        }
    }
}
