import Testing

extension Integration {
    /// Names, links, permissions and times.
    @Suite("names and attributes")
    struct NameTests {
        @Test("any byte may be in a name, and names may have 255 of them")
        func oddNames() throws {
            try withMount { mount in
                try mount.expectAsOrdinary(
                    #"""
                    python3 - <<'END'
                    import errno, os
                    for byte in range(1, 256):
                        if byte in (0x2F, 0x2E):
                            continue
                        name = bytes([byte])
                        with open(b"x" + name, "wb") as file:
                            file.write(name)
                        if byte % 16 == 0:
                            os.mkdir(name)
                    os.mkdir(b"d" * 255)
                    open(b"d" * 255 + b"/" + b"f" * 255, "w").close()
                    os.symlink(b"t" * 4095, b"long-target")
                    assert os.readlink(b"long-target") == b"t" * 4095
                    for call in (lambda n: os.mkdir(n), lambda n: os.stat(n),
                                 lambda n: os.symlink("x", n), lambda n: os.rename("x1", n)):
                        try:
                            call("n" * 256)
                        except OSError as error:
                            print(errno.errorcode[error.errno])
                    END
                    """#
                )
            }
        }

        @Test("hard links are one file under every name")
        func hardLinks() throws {
            try withMount { mount in
                try mount.expectAsOrdinary(
                    """
                    printf one >a && ln a b && mkdir d && ln b d/c
                    printf two >>b
                    cat a d/c
                    stat -c '%h %s' a b d/c
                    truncate -s 2 d/c && cat a
                    chmod 0604 b && stat -c %a a d/c
                    mv a e && rm b && printf x >>e && cat d/c && stat -c %h d/c
                    """
                )
            }
        }

        @Test("symbolic links point where they were told to")
        func symbolicLinks() throws {
            try withMount { mount in
                try mount.expectAsOrdinary(
                    """
                    mkdir d && printf text >d/file
                    ln -s d/file relative && ln -s /etc/hostname absolute && ln -s d directory
                    ln -s loop loop && ln -s gone dangling
                    cat relative directory/file && readlink absolute dangling loop
                    cat loop 2>&1 || true
                    printf made >dangling && cat gone
                    rm directory && mv relative d/ && readlink d/relative
                    """
                )
            }
        }

        @Test("rename replaces, refuses and exchanges as asked")
        func renames() throws {
            try withMount { mount in
                try mount.expectAsOrdinary(
                    """
                    python3 - <<'END'
                    import ctypes, errno, os
                    libc = ctypes.CDLL(None, use_errno=True)
                    def rename(old, new, flags):
                        if libc.renameat2(-100, old.encode(), -100, new.encode(), flags) == 0:
                            return "done"
                        return errno.errorcode[ctypes.get_errno()]
                    def put(name, text):
                        with open(name, "w") as file:
                            file.write(text)
                    NOREPLACE, EXCHANGE = 1, 2
                    put("a", "A" * 5000); put("b", "B")
                    os.mkdir("d"); os.mkdir("e"); put("d/f", "F")
                    print(rename("a", "b", NOREPLACE), rename("a", "c", NOREPLACE))
                    print(rename("c", "b", EXCHANGE), open("c").read(), len(open("b").read()))
                    print(rename("b", "d", EXCHANGE), os.path.isdir("b"), os.path.isfile("d"))
                    print(rename("b", "nothing", EXCHANGE), rename("nothing", "x", 0))
                    print(rename("b", "e", 0), os.listdir("e"), rename("e", "e/below", 0))
                    print(rename("c", "e", 0), rename("e", "c", 0))
                    # Renamed while open and dirty: the content goes with the file.
                    with open("open", "w+") as file:
                        file.write("before")
                        file.flush()
                        print(rename("open", "e/moved", 0))
                        file.write(" after")
                        file.flush()
                        print(open("e/moved").read())
                        put("other", "other")
                        print(rename("other", "e/moved", 0), open("e/moved").read())
                        file.seek(0)
                        print(file.read(), os.fstat(file.fileno()).st_nlink)
                    END
                    """
                )
            }
        }

        @Test("extended attributes are set, listed, replaced and removed")
        func extendedAttributes() throws {
            try withMount { mount in
                try mount.expectAsOrdinary(
                    """
                    printf text >file && mkdir directory
                    python3 - <<'END'
                    import errno, os
                    def attempt(call, *arguments, **options):
                        try:
                            return call(*arguments, **options)
                        except OSError as error:
                            return errno.errorcode[error.errno]
                    for name in ("file", "directory"):
                        os.setxattr(name, "user.a", b"1")
                        os.setxattr(name, "user.b", bytes(range(256)) * 8)
                        os.setxattr(name, "user.empty", b"")
                        print(attempt(os.setxattr, name, "user.a", b"2", os.XATTR_CREATE))
                        print(attempt(os.setxattr, name, "user.new", b"2", os.XATTR_REPLACE))
                        os.setxattr(name, "user.a", b"longer value", os.XATTR_REPLACE)
                        print(os.getxattr(name, "user.a"), len(os.getxattr(name, "user.b")))
                        os.removexattr(name, "user.empty")
                        print(attempt(os.removexattr, name, "user.empty"))
                        print(attempt(os.getxattr, name, "user.none"))
                        print(sorted(n for n in os.listxattr(name) if n.startswith("user.")))
                        print(attempt(os.setxattr, name, "user.big", bytes(70_000)))
                    END
                    setfacl -m u:4321:rwx,g:1:r file && getfacl -c file
                    """
                )
            }
        }

        @Test("modes and owners are those of the backing files", .enabled(if: Machine.isRoot))
        func permissions() throws {
            try withMount(["allow_other"]) { mount in
                try mount.run(#"chmod 0777 . && chmod 0755 "$SCRATCH/..""#)
                try mount.expectAsOrdinary(
                    """
                    as_nobody() { setpriv --reuid 65534 --regid 65534 --clear-groups "$@"; }
                    chmod 0777 .
                    umask 022
                    printf secret >secret && chmod 0600 secret
                    as_nobody cat secret 2>/dev/null || echo refused
                    as_nobody sh -c 'umask 027; echo mine >mine; mkdir own; echo x >own/file'
                    stat -c '%n %a %u %g' mine own own/file
                    as_nobody chmod 0644 secret 2>/dev/null || echo refused
                    as_nobody chown 0 mine 2>/dev/null || echo refused
                    mkdir sticky && chmod 1777 sticky && printf x >sticky/roots
                    as_nobody rm -f sticky/roots 2>/dev/null || echo refused
                    mkdir group && chown 0:1234 group && chmod 2777 group
                    as_nobody touch group/file && stat -c %g group/file
                    cp /bin/true program && chmod 4755 program && chown 65534 program
                    chmod 4755 program
                    as_nobody sh -c 'echo x >>program' && stat -c %a program
                    """
                )
            }
        }

        @Test("times of modification stay what they were, also after a flush and a new mount")
        func keepsTimes() throws {
            let place = try TestPlace()
            try withMount(place: place) { mount in
                try mount.run(
                    """
                    printf old >file && touch -d '2010-11-12 13:14:15.123456789 UTC' file
                    printf data >written
                    head -c 300000 /dev/urandom >mapped
                    stat -c %.9Y written mapped >"$SCRATCH/times"
                    "$VMOFS" flush "$MOUNT"
                    test "$(stat -c %.9Y file)" = 1289567655.123456789
                    stat -c %.9Y written mapped | cmp - "$SCRATCH/times"
                    (cd "$BACKING" && stat -c %.9Y written mapped) | cmp - "$SCRATCH/times"
                    cp -p mapped copy && test "$(stat -c %.9Y copy)" = "$(stat -c %.9Y mapped)"
                    touch -r file written && test "$(stat -c %.9Y written)" = "$(stat -c %.9Y file)"
                    """
                )
                try mount.expectFlushed()
            }
            try withMount(place: place) { mount in
                try mount.run("test $(stat -c %.9Y file) = 1289567655.123456789")
            }
        }
    }
}
