import CLinux
import Foundation
import Glibc
import SystemPackage

@testable import ControlChannel

/// Two sockets that are connected with each other.
func socketPair() throws -> (FileDescriptor, FileDescriptor) {
    var pair: [Int32] = [-1, -1]
    // Close-on-exec, or a child of another test would keep an end open.
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    // SAFETY: the array has the two elements that the call fills, and lives through it.
    guard unsafe socketpair(AF_UNIX, type, 0, &pair) == 0 else {
        throw Errno(rawValue: errno)
    }
    return (FileDescriptor(rawValue: pair[0]), FileDescriptor(rawValue: pair[1]))
}

/// Connects to the socket that the parent process made for `foreignUser`.
func clinuxConnect(parent: Int32) -> Int32 {
    let socket = clinux_unix_socket()
    let name = socketName(of: DeviceNumber(major: 0, minor: 4242))
    // SAFETY: the path lives, with its NUL, through the call.
    let result = unsafe clinux_unix_connect(socket, "/tmp/vmofs-peer-test-\(parent)/\(name)", 5)
    return result == 0 ? socket : -1
}

/// Makes a directory with exactly this mode, whatever the umask is.
func makeDirectory(_ path: String, mode: Int) throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    try setMode(mode, of: path)
}

/// Sets the mode of a file or directory.
func setMode(_ mode: Int, of path: String) throws {
    try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
}
