import Testing

extension Integration {
    /// Programs that keep data of their own in files and look closely at what they read back.
    @Suite("git, sqlite3 and random work")
    struct DatabaseToolTests {
        @Test("git works in the mount, and its checks pass there and in BACKING")
        func git() throws {
            try withMount { mount in
                try mount.run(
                    #"""
                    export HOME=$SCRATCH GIT_CONFIG_NOSYSTEM=1
                    git config --global user.name tester
                    git config --global user.email tester@example.invalid
                    git config --global --add safe.directory '*'
                    git init -q -b main project && cd project
                    for i in {1..150}; do head -c $((i * 100)) /dev/urandom >file-$i; done
                    git add . && git commit -qm first
                    for i in {1..150..3}; do echo change >>file-$i; done
                    git mv file-2 renamed && git rm -q file-5
                    git commit -qam second && git tag mark
                    git switch -qc branch && echo more >>file-1 && git commit -qam third
                    git switch -q main && git merge -q branch
                    test -z "$(git status --porcelain)"
                    cd .. && git clone -q --no-local project clone
                    git -C clone gc -q --aggressive --prune=now
                    git -C project fsck --full --strict
                    git -C clone fsck --full --strict
                    test "$(git -C project rev-parse HEAD)" = "$(git -C clone rev-parse HEAD)"
                    git -C clone archive --format=tar mark | tar -tf - | wc -l
                    """#
                )
                try mount.expectFlushed()
                try mount.run(
                    """
                    export HOME=$SCRATCH GIT_CONFIG_NOSYSTEM=1
                    git -C "$BACKING/project" fsck --full --strict
                    git -C "$BACKING/clone" fsck --full --strict
                    """
                )
            }
        }

        @Test(
            "sqlite3 keeps its database intact with two writers at once",
            arguments: ["WAL", "DELETE"],
            CacheMode.allCases
        )
        func sqlite(journal: String, mode: CacheMode) throws {
            try withMount([mode.rawValue]) { mount in
                let count = try mount.run(
                    """
                    sqlite3 db 'PRAGMA journal_mode=\(journal); CREATE TABLE t(k, v);' >/dev/null
                    fill() {
                        for i in {1..15}; do
                            echo "BEGIN IMMEDIATE;"
                            for j in {1..40}; do
                                echo "INSERT INTO t VALUES('$1-$i-$j', hex(randomblob(300)));"
                            done
                            echo "COMMIT;"
                        done | sqlite3 -cmd '.timeout 60000' db
                    }
                    fill a & first=$!
                    fill b & second=$!
                    wait $first && wait $second
                    sqlite3 db 'UPDATE t SET v = v || v WHERE rowid % 3 = 0;'
                    sqlite3 db 'DELETE FROM t WHERE rowid % 5 = 0; VACUUM;'
                    test "$(sqlite3 db 'PRAGMA integrity_check;')" = ok
                    sqlite3 db 'SELECT count(*) FROM t;'
                    """
                )
                #expect(count == "960\n")
                try mount.expectFlushed()
                try mount.run(
                    """
                    cp "$BACKING/db" "$SCRATCH/db"
                    test "$(sqlite3 "$SCRATCH/db" 'PRAGMA integrity_check;')" = ok
                    test "$(sqlite3 "$SCRATCH/db" 'SELECT count(*) FROM t;')" = 960
                    """
                )
            }
        }

        @Test(
            "thousands of random operations leave what a model says",
            arguments: [1, 2, 3],
            CacheMode.allCases
        )
        func randomWork(seed: Int, mode: CacheMode) throws {
            let operations = Machine.isFullScale ? 20_000 : 1500
            try withMount([mode.rawValue]) { mount in
                try mount.run(
                    """
                    python3 "$TOOLS/churn.py" work work --seed \(seed) \
                        --operations \(operations) --manifest "$SCRATCH/manifest"
                    """
                )
                try mount.expectFlushed()
                try mount.run(
                    #"""
                    manifest=$SCRATCH/manifest
                    python3 "$TOOLS/churn.py" check "$BACKING/work" --manifest "$manifest"
                    """#
                )
            }
        }
    }
}
