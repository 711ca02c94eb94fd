# shellcheck shell=bash
# What the scripts of this folder share. Sourced, never run.

set -euo pipefail

script_name=$(basename "$0")
project_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
release_binary=$project_root/.build/release/vmofs
readonly script_name project_root release_binary

# mkfs.ext4, losetup and mount(8) helpers live where a plain user's PATH does not look.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

say() {
    printf '%s\n' "$*"
}

warn() {
    printf '%s: %s\n' "$script_name" "$*" >&2
}

fail() {
    warn "$@"
    exit 1
}

usage_error() {
    warn "$1 (try $script_name --help)"
    exit 64
}

# Prints the comment at the top of the calling script: it is the script's help.
show_help() {
    awk 'NR > 1 { if (!sub(/^# ?/, "")) exit; print }' "$0"
}

# Prints the help and exits if one of the arguments asks for it.
help_if_asked() {
    local argument
    for argument in "$@"; do
        case $argument in
        -h | --help)
            show_help
            exit 0
            ;;
        esac
    done
}

# Builds the optimised binary that mounts, benchmarks, tests and `install` use. The Swift runtime
# is linked in, so that the daemon needs nothing but libfuse3 and libc when it is copied elsewhere.
build_release() {
    say "Building vmofs (release); the first build takes some minutes."
    build_product vmofs
}

# Builds the C library as it is delivered, with the Swift runtime inside.
build_library() {
    say "Building libzircon.so (release)."
    build_product zircon
}

build_product() {
    # SwiftPM leaves lock files and folders in TMPDIR, which is not for us to litter.
    mkdir -p "$project_root/.build/tmp"
    (cd "$project_root" && TMPDIR=$project_root/.build/tmp \
        swift build -c release --static-swift-stdlib --product "$1")
}

# Prints the path of a built vmofs: this clone's, else the installed one.
find_vmofs() {
    if [[ -x $release_binary ]]; then
        say "$release_binary"
    elif ! command -v vmofs; then
        fail "vmofs is not built yet (run mount-scripts/mount, or: swift build -c release)"
    fi
}

# Whether every frame of a mount's page memory is free or holds a page that can go: then all of them
# can be filled with dirty pages at once. Leaves nothing behind; says what is wrong.
#
# A page that is in use just then makes memory short, and that starts writeback. A lost frame is
# lost each time, so it is tried again.
check_frames() {
    local vmofs=$1 mount=$2 limit dirty modified
    modified=$(stat --format=%.9Y "$mount")
    limit=$(status_value "$vmofs" "$mount" memory_limit_bytes)
    "$vmofs" freeze "$mount"
    for _ in {1..5}; do
        head -c "$limit" /dev/urandom >"$mount/all-frames"
        # The kernel hands over what it has of it still.
        "$vmofs" dirty "$mount/all-frames" >/dev/null
        dirty=$(status_value "$vmofs" "$mount" dirty_bytes)
        rm "$mount/all-frames"
        [[ $dirty -ne $limit ]] || break
    done
    touch -m --date="@$modified" "$mount"
    "$vmofs" thaw "$mount"
    [[ $dirty -eq $limit ]] || say "frames are lost: $dirty of $limit bytes can be dirty"
}

# Prints a number of the status of a mount.
status_value() {
    "$1" status --json "$2" |
        python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$3"
}

# Prints what is left on the gauges of a mount of which nothing is open, after a flush.
gauges_left() {
    "$1" flush "$2" >/dev/null || say "the flush failed"
    "$1" status --json "$2" | python3 -c '
import json, sys
status = json.load(sys.stdin)
gauges = ["dirty_bytes", "dirty_zero_bytes", "writeback_bytes", "open_files", "writeback_errors"]
for name in gauges:
    if status[name]: print(name, status[name])
for file in status["files"]: print(file["path"])'
}

# Puts a process into a memory cgroup of its own, below the root's, with a limit in bytes. Fails and
# says why where that cannot be done; remove_memory_limit takes the cgroup away again.
limit_memory() {
    local pid=$1 limit=$2 name=vmofs-$1
    if grep -qw memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null; then
        { echo +memory >/sys/fs/cgroup/cgroup.subtree_control; } 2>/dev/null || true
        if mkdir "/sys/fs/cgroup/$name" 2>/dev/null &&
            { echo "$limit" >"/sys/fs/cgroup/$name/memory.max"; } 2>/dev/null &&
            { echo "$pid" >"/sys/fs/cgroup/$name/cgroup.procs"; } 2>/dev/null; then
            return 0
        fi
    elif mkdir "/sys/fs/cgroup/memory/$name" 2>/dev/null &&
        echo "$limit" >"/sys/fs/cgroup/memory/$name/memory.limit_in_bytes" &&
        echo "$pid" >"/sys/fs/cgroup/memory/$name/cgroup.procs"; then
        return 0
    fi
    remove_memory_limit "$pid"
    warn "no memory cgroup can be made here (neither version 2 nor 1), so nothing is limited"
    return 1
}

remove_memory_limit() {
    rmdir "/sys/fs/cgroup/vmofs-$1" "/sys/fs/cgroup/memory/vmofs-$1" 2>/dev/null || true
}

# Makes a private directory for a test or benchmark run and prints its path. /var/tmp, because
# /tmp is often tmpfs, and what is tested and measured is a real disk file system.
make_scratch_directory() {
    mktemp -d "${VMOFS_SCRATCH_PARENT:-/var/tmp}/vmofs-$1.XXXXXX"
}

# Undoes whatever a run may have left under a scratch directory: mounts, daemons, loop devices,
# files. Everything is recognised by the path of that directory, so no one else's is touched.
remove_scratch_directory() {
    local scratch=$1 target pid device
    [[ -n $scratch && -d $scratch ]] || return 0
    # Innermost mounts first. Lazily: a dead daemon cannot answer, and a live one still drains.
    while read -r target; do
        fusermount3 -u -z "$target" 2>/dev/null || umount -l "$target" 2>/dev/null || true
    done < <(mounts_below "$scratch" | sort -r)
    for pid in $(processes_naming "$scratch"); do
        kill -KILL "$pid" 2>/dev/null || true
    done
    while read -r device; do
        losetup -d "$device" 2>/dev/null || true
    done < <(loop_devices_below "$scratch")
    rm -rf --one-file-system "$scratch"
}

# Prints the mount points below a directory, one a line.
mounts_below() {
    findmnt --raw --noheadings --output TARGET | while IFS= read -r target; do
        printf -v target '%b' "$target"
        case $target in "$1"/*) printf '%s\n' "$target" ;; esac
    done
}

# Prints the ids of vmofs processes and workers whose command line names a path below a directory.
# The shells that run this very clean-up are their own ancestors and are left out.
processes_naming() {
    local entry pid
    for entry in /proc/[0-9]*; do
        pid=${entry#/proc/}
        is_ancestor "$pid" && continue
        # It may end while we look.
        if { tr '\0' '\n' <"$entry/cmdline"; } 2>/dev/null | grep -qF -- "$1/"; then
            say "$pid"
        fi
    done
}

# Whether a process is this shell or one that this shell descends from.
is_ancestor() {
    local pid=$BASHPID
    while [[ ${pid:-0} -gt 1 ]]; do
        [[ $pid == "$1" ]] && return 0
        pid=$(awk '/^PPid:/ { print $2 }' "/proc/$pid/status" 2>/dev/null || true)
    done
    return 1
}

# Prints the loop devices whose image lies below a directory.
loop_devices_below() {
    losetup --list --noheadings --raw --output NAME,BACK-FILE 2>/dev/null |
        while read -r device image; do
            case $image in "$1"/*) say "$device" ;; esac
        done
}
