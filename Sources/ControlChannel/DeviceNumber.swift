internal import CLinux
internal import Glibc

/// The device number of a mounted file system, which names its control socket.
public struct DeviceNumber: Hashable, Sendable {
    /// The driver; 0 for file systems without a block device, such as FUSE.
    public var major: UInt32
    /// The number within the driver.
    public var minor: UInt32

    /// Makes a device number of its halves.
    public init(major: UInt32, minor: UInt32) {
        self.major = major
        self.minor = minor
    }

    /// Splits an `st_dev` of stat(2).
    public init(_ device: UInt) {
        self.init(major: clinux_major(UInt64(device)), minor: clinux_minor(UInt64(device)))
    }

    /// Reads `MAJOR:MINOR`, as /proc/self/mountinfo writes it.
    public init?(_ text: some StringProtocol) {
        let halves = text.split(separator: ":", omittingEmptySubsequences: false)
        guard halves.count == 2, let major = UInt32(halves[0]), let minor = UInt32(halves[1]) else {
            return nil
        }
        self.init(major: major, minor: minor)
    }
}

extension DeviceNumber: CustomStringConvertible {
    /// `MAJOR:MINOR`.
    public var description: String { "\(major):\(minor)" }
}
