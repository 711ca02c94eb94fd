import Testing

extension Integration {
    /// Mistakes: one line that says what and why and what to do, the documented exit code, and
    /// nothing left behind.
    @Suite("mistakes")
    struct ArgumentTests {
        /// A mistake, as a shell command, and the exit code that it must have.
        struct Mistake: Sendable, CustomTestStringConvertible {
            var command: String
            var status: Int32
            var testDescription: String { command }
        }

        static let mistakes = [
            // Mounting: 1 is usage or permission, 32 is a mount that failed.
            Mistake(command: #"mount "$BACKING/none" "$MOUNT""#, status: 32),
            Mistake(command: #"mount "$BACKING/file" "$MOUNT""#, status: 32),
            Mistake(command: #"mount "$BACKING" "$MOUNT/none""#, status: 32),
            Mistake(command: #"mount "$BACKING" "$BACKING/file""#, status: 32),
            Mistake(command: #"mount "$BACKING" "$BACKING""#, status: 32),
            Mistake(command: #"mount "$BACKING/inside" "$BACKING""#, status: 32),
            Mistake(command: #"mount "$BACKING/link" "$BACKING/inside""#, status: 32),
            Mistake(command: #"mount -o nonsense "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount -o ro,nonsense=1 "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount -o memory=1 "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount -o memory=lots "$BACKING" "$MOUNT""#, status: 1),
            Mistake(
                command: #"mount -o memory=99999999999999999999G "$BACKING" "$MOUNT""#,
                status: 1
            ),
            Mistake(command: #"mount -o dirty_expire=soon "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount -o max_threads=0 "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount "$BACKING""#, status: 1),
            Mistake(command: "mount", status: 1),
            Mistake(command: #"mount --nonsense "$BACKING" "$MOUNT""#, status: 1),
            Mistake(command: #"mount "" "$MOUNT""#, status: 1),
            // The other commands: 1 is a request that failed, 64 is usage.
            Mistake(command: #"dirty "$BACKING/file""#, status: 1),
            Mistake(command: #"dirty "$BACKING/none""#, status: 1),
            Mistake(command: #"flush "$BACKING/file""#, status: 1),
            Mistake(command: #"status "$MOUNT""#, status: 1),
            Mistake(command: #"freeze "$MOUNT""#, status: 1),
            Mistake(command: #"thaw "$MOUNT""#, status: 1),
            Mistake(command: #"trace "$MOUNT""#, status: 1),
            Mistake(command: #"unmount "$MOUNT""#, status: 1),
            Mistake(command: "dirty", status: 64),
            Mistake(command: "flush", status: 64),
            Mistake(command: "unmount", status: 64),
            Mistake(command: #"dirty --limit many "$BACKING/file""#, status: 64),
            Mistake(command: "nonsense", status: 64),
        ]

        static func prepare(_ place: TestPlace) throws {
            let outcome = try place.run(
                #"cd "$BACKING" && touch file && mkdir inside && ln -s inside link"#
            )
            #expect(outcome.status == 0)
        }

        @Test("a mistake gives one line, its exit code, and leaves nothing", arguments: mistakes)
        func mistake(_ mistake: Mistake) throws {
            let place = try TestPlace()
            try Self.prepare(place)
            let outcome = try place.run(#""$VMOFS" "# + mistake.command)
            #expect(outcome.status == mistake.status, "\(outcome.errors)")
            Self.expectOneLine(outcome)
            try Self.expectNothingLeft(place)
        }

        @Test("a directory that may not be read is refused", .enabled(if: Machine.isRoot))
        func unreadable() throws {
            let place = try TestPlace()
            let outcome = try place.run(
                """
                chmod 0700 "$BACKING" && chown 65534 "$MOUNT"
                as_nobody="setpriv --reuid 65534 --regid 65534 --clear-groups"
                $as_nobody "$VMOFS" mount "$BACKING" "$MOUNT"
                """
            )
            #expect(outcome.status == 1, "\(outcome.errors)")
            Self.expectOneLine(outcome)
            try Self.expectNothingLeft(place)
        }

        @Test(
            "what is mounted already is refused, and the mount there goes on",
            arguments: [#""$BACKING""#, #""$BACKING/inside""#, #""$BACKING/..""#]
        )
        func mountedTwice(again: String) throws {
            try withMount(prepare: Self.prepare) { mount in
                let outcome = try mount.place.run(
                    #"mkdir "$SCRATCH/m" && "$VMOFS" mount \#(again) "$SCRATCH/m""#
                )
                #expect(outcome.status == 32, "\(outcome.errors)")
                Self.expectOneLine(outcome)
                let over = try mount.place.run(#""$VMOFS" mount "$SCRATCH" "$MOUNT""#)
                #expect(over.status == 32, "\(over.errors)")
                Self.expectOneLine(over)
                try mount.run("test -f file && ! mountpoint -q \"$SCRATCH/m\"")
            }
        }

        @Test(
            "a stale FUSE mount is told from a missing directory",
            .enabled(if: Machine.isRoot)
        )
        func staleMount() throws {
            let place = try TestPlace()
            let setUp = try place.run(
                """
                python3 - <<'END'
                import ctypes, os
                fd = os.open("/dev/fuse", os.O_RDWR)
                options = f"fd={fd},rootmode=40000,user_id=0,group_id=0".encode()
                libc = ctypes.CDLL(None, use_errno=True)
                mount_point = os.environ["MOUNT"].encode()
                assert libc.mount(b"none", mount_point, b"fuse", 0, options) == 0
                END
                """
            )
            #expect(setUp.status == 0, "\(setUp.errors)")
            let outcome = try place.run(#""$VMOFS" mount "$BACKING" "$MOUNT""#)
            let status = try place.run(#""$VMOFS" status "$MOUNT""#)
            _ = try place.run(#"umount "$MOUNT""#)
            #expect(outcome.status == 32, "\(outcome.errors)")
            #expect(outcome.errors.contains("umount"))
            Self.expectOneLine(outcome)
            #expect(status.status == 1)
            try Self.expectNothingLeft(place)
        }

        /// One line on standard error: `vmofs: WHAT: WHY (REMEDY)`, and nothing on standard output.
        static func expectOneLine(_ outcome: Tool.Outcome) {
            #expect(outcome.output.isEmpty)
            #expect(outcome.errors.hasPrefix("vmofs: "), "\(outcome.errors)")
            #expect(outcome.errors.hasSuffix(")\n"), "\(outcome.errors)")
            #expect(outcome.errors.split(separator: "\n").count == 1, "\(outcome.errors)")
        }

        /// No mount, no process that names the place, no socket of a mount that is not there.
        static func expectNothingLeft(_ place: TestPlace) throws {
            let outcome = try place.run(
                #"""
                place=$(dirname "$MOUNT")
                if findmnt --raw --noheadings --output TARGET | grep -F "$place/"; then exit 1; fi
                for entry in /proc/[0-9]*; do
                    if [[ $(readlink "$entry/exe") == "$VMOFS" ]] &&
                        tr '\0' ' ' <"$entry/cmdline" | grep -F "$place/"; then exit 1; fi
                done 2>/dev/null
                for socket in /run/vmofs/*.sock; do
                    # Others may have mounts, too, also in mount namespaces of their own.
                    [[ $socket -nt $place ]] || continue
                    python3 -c 'import socket, sys
                socket.socket(socket.AF_UNIX).connect(sys.argv[1])' "$socket" 2>/dev/null ||
                        { echo "left: $socket"; exit 1; }
                done
                """#
            )
            #expect(outcome.status == 0, "\(outcome.output)\(outcome.errors)")
        }
    }
}
