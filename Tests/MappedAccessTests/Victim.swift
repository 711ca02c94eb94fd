// Processes of their own for tests at whose end the process dies.

import Glibc

/// How a process ended.
enum ProcessEnd: Equatable {
    case exit(Int32)
    case signal(Int32)
    case notStarted(Int32)
}

/// Runs `MappingVictim MODE`, which is built next to the tests.
func runVictim(_ mode: String) -> ProcessEnd {
    var path = [CChar](repeating: 0, count: 4096)
    // SAFETY: the buffer is as long as is said.
    let length = unsafe readlink("/proc/self/exe", &path, path.count)
    let own = path.prefix(max(length, 0)).map { UInt8(bitPattern: $0) }
    let directory = String(decoding: own, as: UTF8.self).split(separator: "/").dropLast()
    let program = "/\(directory.joined(separator: "/"))/MappingVictim"
    var process: pid_t = 0
    let arguments = unsafe [strdup(program), strdup(mode), nil]
    // SAFETY: the arguments end with nil and live until they are freed behind the call.
    let result = unsafe posix_spawn(&process, program, nil, nil, arguments, environ)
    unsafe arguments.forEach { unsafe free($0) }
    guard result == 0 else { return .notStarted(result) }
    var status: Int32 = 0
    // SAFETY: the status lives for the call.
    while unsafe waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7f == 0 ? .exit(status >> 8 & 0xff) : .signal(status & 0x7f)
}
