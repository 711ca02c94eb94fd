import Foundation
import Testing

extension Integration {
    /// Files larger than the memory that vmofs may use.
    @Suite("memory budget")
    struct MemoryTests {
        /// 4 GiB through 256M in full scale; the same proportions in a run that must be short.
        static let budget = Machine.isFullScale ? "256M" : "64M"
        static let fileBytes = Machine.isFullScale ? 4 << 30 : 512 << 20

        /// The most memory that the daemon ever had resident, in bytes.
        ///
        /// Source: proc(5), VmHWM; shared memory, where the pages are, is part of it.
        static func peakBytes(_ process: pid_t) throws -> UInt64 {
            let text = try String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
            let line = text.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            let words = try #require(line).split(whereSeparator: \.isWhitespace)
            return try #require(UInt64(words[1])) * 1024
        }

        static func expectWithinBudget(_ mount: Mount) throws {
            let status = try mount.status()
            let peak = try peakBytes(mount.daemon)
            #expect(status.memoryBytes <= status.memoryLimitBytes)
            #expect(peak <= status.memoryLimitBytes + status.overheadLimitBytes)
        }

        @Test("a file much larger than memory= keeps its checksum", arguments: CacheMode.allCases)
        func largeFile(mode: CacheMode) throws {
            try withMount([mode.rawValue, "memory=\(Self.budget)"]) { mount in
                try mount.run(
                    """
                    head -c \(Self.fileBytes) /dev/urandom >"$SCRATCH/file"
                    cp "$SCRATCH/file" file
                    # Out of the kernel's cache, so that the daemon must read it again.
                    "$VMOFS" flush file && dd of=file oflag=nocache conv=notrunc count=0 status=none
                    cmp "$SCRATCH/file" file && cmp "$SCRATCH/file" "$BACKING/file"
                    """
                )
                let status = try mount.status()
                #expect(status.evictedPages > 0)
                try Self.expectWithinBudget(mount)
                try mount.run("rm file")
            }
        }

        @Test("eight writers at once stay within memory=, and nothing is lost")
        func manyWriters() throws {
            try withMount(["memory=\(Self.budget)"]) { mount in
                try mount.run(
                    """
                    head -c \(Self.fileBytes / 8) /dev/urandom >"$SCRATCH/file"
                    pids=()
                    for i in {1..8}; do
                        (printf "%08d" $i && cat "$SCRATCH/file") >"file-$i" &
                        pids+=($!)
                    done
                    for pid in "${pids[@]}"; do wait $pid; done
                    for i in {1..8}; do
                        dd of="file-$i" oflag=nocache conv=notrunc,fdatasync count=0 status=none
                        test "$(head -c 8 "file-$i")" = "$(printf "%08d" $i)"
                        cmp -i 8:0 "file-$i" "$SCRATCH/file"
                    done
                    """
                )
                try Self.expectWithinBudget(mount)
                try mount.flush()
                try mount.run(
                    #"for i in {1..8}; do cmp "file-$i" "$BACKING/file-$i"; done; rm file-*"#
                )
            }
        }

        /// How the daemon finds objects again whose descriptors it has closed.
        enum Way: String, CaseIterable {
            case handles
            case names

            /// Starts vmofs with few descriptors, and without the privilege that it should lack.
            var launcher: [String] {
                guard getuid() == 0 else { return ["prlimit", "--nofile=256:256"] }
                let dropped = self == .handles ? "-sys_resource" : "-sys_resource,-dac_read_search"
                return [
                    "prlimit", "--nofile=256:256",
                    "setpriv", "--bounding-set=\(dropped)", "--inh-caps=\(dropped)",
                ]
            }
        }

        @Test("256 descriptors are enough for any number of files", arguments: Way.allCases)
        func manyFiles(way: Way) throws {
            let count = Machine.isFullScale ? 18000 : 3000
            try withMount(launcher: way.launcher) { mount in
                try mount.run("python3 \"$TOOLS/hold-files.py\" . \(count)")
                let descriptors = try mount.place.run("ls /proc/\(mount.daemon)/fd | wc -l")
                #expect((Int(descriptors.output.filter(\.isNumber)) ?? 0) < 256)
                try Self.expectWithinBudget(mount)
            }
        }

        @Test("more dirty data than dirty_bytes makes writers wait, not fail")
        func throttles() throws {
            let options = ["memory=64M", "dirty_background_bytes=4M", "dirty_bytes=8M"]
            try withMount(options) { mount in
                try mount.run(
                    #"head -c 200M /dev/urandom >"$SCRATCH/file" && cp "$SCRATCH/file" file"#
                )
                let status = try mount.status()
                #expect(status.dirtyBackgroundBytes == 4 << 20)
                #expect(status.dirtyBytesLimit == 8 << 20)
                #expect(status.dirtyBytes <= 64 << 20)
                #expect(status.flushedBytes > 0)
                try mount.run(#"cmp file "$SCRATCH/file""#)
                try mount.expectFlushed()
            }
        }

        @Test("files that were written and removed leave no pages and no descriptors")
        func removedFilesGo() throws {
            try withMount { mount in
                let descriptors = "ls /proc/\(mount.daemon)/fd | wc -l"
                let before = try #require(Int(try mount.run(descriptors).dropLast()))
                try mount.run(
                    """
                    for i in {1..300}; do echo text >file-$i; done
                    for i in {1..100}; do rm file-$i; done
                    for i in {101..200}; do mv file-$i same; done
                    "$VMOFS" flush "$MOUNT"
                    rm file-* same
                    """
                )
                let after = try #require(Int(try mount.run(descriptors).dropLast()))
                #expect(after < before + 50)
                let status = try mount.status()
                #expect(status.vmos == 0 && status.dirtyBytes == 0 && status.residentBytes == 0)
            }
        }

        @Test("dirty data is written back by itself when it is old")
        func expires() throws {
            let options = [
                "dirty_expire=200ms", "writeback_interval=100ms", "no_writeback_cache",
            ]
            try withMount(options) { mount in
                try mount.run(
                    """
                    printf 'left alone' >file
                    for ((i = 0; i < 200; i++)); do
                        cmp -s file "$BACKING/file" && exit 0
                        sleep 0.05
                    done
                    exit 1
                    """
                )
            }
        }
    }
}
