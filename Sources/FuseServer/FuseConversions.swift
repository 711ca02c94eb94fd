internal import CFuse3
internal import CLinux
internal import Glibc
internal import PagedFileSystem
internal import SystemPackage

extension FileAttributes {
    /// The attributes as libfuse takes them.
    var status: stat {
        var status = stat()
        status.st_ino = UInt(inode)
        status.st_mode = mode
        status.st_nlink = UInt(linkCount)
        status.st_uid = uid
        status.st_gid = gid
        status.st_rdev = UInt(deviceNumber)
        status.st_size = off_t(truncatingIfNeeded: size)
        status.st_blocks = blkcnt_t(truncatingIfNeeded: blocks)
        status.st_blksize = blksize_t(blockSize)
        status.st_atim = accessTime.specification
        status.st_mtim = modificationTime.specification
        status.st_ctim = changeTime.specification
        return status
    }
}

extension FileAttributes {
    /// The attributes as the reply to a FUSE_STATX, with the time of birth.
    var extendedStatus: cfuse3_statx_out {
        var reply = cfuse3_statx_out()
        reply.attr_valid = UInt64(FusePolicy.cacheSeconds)
        reply.stat.stx_mask = UInt32(STATX_BASIC_STATS)
        reply.stat.stx_ino = inode
        reply.stat.stx_mode = UInt16(truncatingIfNeeded: mode)
        reply.stat.stx_nlink = UInt32(clamping: linkCount)
        reply.stat.stx_uid = uid
        reply.stat.stx_gid = gid
        reply.stat.stx_rdev_major = clinux_major(deviceNumber)
        reply.stat.stx_rdev_minor = clinux_minor(deviceNumber)
        reply.stat.stx_size = size
        reply.stat.stx_blocks = blocks
        reply.stat.stx_blksize = blockSize
        reply.stat.stx_atime = accessTime.extendedSpecification
        reply.stat.stx_mtime = modificationTime.extendedSpecification
        reply.stat.stx_ctime = changeTime.extendedSpecification
        if let birthTime {
            reply.stat.stx_mask |= UInt32(STATX_BTIME)
            reply.stat.stx_btime = birthTime.extendedSpecification
        }
        return reply
    }
}

extension FileTime {
    /// The time as statx(2) has it.
    fileprivate var extendedSpecification: statx_timestamp {
        statx_timestamp(tv_sec: seconds, tv_nsec: nanoseconds, __reserved: 0)
    }

    /// The time as C has it.
    var specification: timespec {
        timespec(tv_sec: Int(seconds), tv_nsec: Int(nanoseconds))
    }

    /// The time that the kernel gave.
    init(_ time: timespec) {
        self.init(
            seconds: Int64(time.tv_sec),
            nanoseconds: UInt32(clamping: min(max(0, time.tv_nsec), 999_999_999))
        )
    }
}

extension Entry {
    /// The entry as libfuse takes it.
    var parameters: fuse_entry_param {
        fuse_entry_param(
            ino: node.rawValue,
            generation: generation,
            attr: attributes.status,
            attr_timeout: FusePolicy.cacheSeconds,
            entry_timeout: FusePolicy.cacheSeconds
        )
    }
}

extension OpenResult {
    /// The open file as libfuse takes it.
    var information: fuse_file_info {
        var information = fuse_file_info()
        information.fh = file.rawValue
        information.keep_cache = keepsCache ? 1 : 0
        return information
    }
}

extension FileSystemStatistics {
    /// The numbers as libfuse takes them.
    var status: statvfs {
        var status = statvfs()
        status.f_bsize = UInt(blockSize)
        status.f_frsize = UInt(fragmentSize)
        status.f_blocks = UInt(blocks)
        status.f_bfree = UInt(blocksFree)
        status.f_bavail = UInt(blocksAvailable)
        status.f_files = UInt(files)
        status.f_ffree = UInt(filesFree)
        status.f_favail = UInt(filesAvailable)
        status.f_namemax = UInt(nameBytesMax)
        return status
    }
}

extension FileName {
    /// The name in a request.
    ///
    /// - Throws: EINVAL where it cannot be one.
    init(request text: UnsafePointer<CChar>?) throws(Errno) {
        // SAFETY: libfuse passes NUL-terminated names out of the request's buffer.
        guard let text = unsafe text, let name = unsafe FileName(cString: text) else {
            throw .invalidArgument
        }
        self = name
    }
}

extension ExtendedAttributeName {
    /// The attribute's name in a request.
    ///
    /// - Throws: EINVAL where it cannot be one.
    init(request text: UnsafePointer<CChar>?) throws(Errno) {
        // SAFETY: libfuse passes NUL-terminated names out of the request's buffer.
        guard let text = unsafe text, let name = unsafe ExtendedAttributeName(cString: text) else {
            throw .invalidArgument
        }
        self = name
    }
}

extension Caller {
    /// Who made `request`.
    init(of request: fuse_req_t?) {
        // SAFETY: the context is part of the request, which lives until it is replied to.
        guard let context = unsafe fuse_req_ctx(request) else {
            self.init(uid: 0, gid: 0, pid: 0, umask: 0)
            return
        }
        unsafe self.init(
            uid: context.pointee.uid,
            gid: context.pointee.gid,
            pid: UInt32(bitPattern: context.pointee.pid),
            umask: context.pointee.umask
        )
    }
}
