// A process for the tests of mapped access that ends as its argument says: it makes an access that
// fails, in a thread that takes SIGBUS, blocks it or ignores it; or it looks at what a child
// process and an unprivileged process can do.
//
// Ends with 0 if all was as it should be, and with a signal where that is what should be.

import Glibc
import MappedAccess
import Support
import VMCore

let pageBytes = UInt64(4096)

func expect(_ condition: Bool, _ what: String) {
    if condition { return }
    print("not as it should be: \(what)")
    exit(1)
}

let arena = try FrameArena.sparse(frameCountMax: 1 << 20)
let table = HandleTable(arena: arena)
let mode = CommandLine.arguments.last ?? ""
if mode == "unprivileged" { expect(setuid(65534) == 0, "setuid") }
let vmar = table.insert(try RootVMAR(arena: arena), rights: .rootVMARDefault)
let port = try table.portCreate(options: 0)
let pager = try table.pagerCreate(options: 0)
let vmo = try table.pagerCreateVMO(pager, options: 0, port: port, key: 1, size: 4 * pageBytes)
let address = try table.vmarMap(
    vmar,
    options: MappingOptions([.read, .write, .allowFaults]).rawValue,
    vmarOffset: 0,
    vmo,
    vmoOffset: 0,
    length: 4 * pageBytes
)
guard let word = unsafe UnsafeMutablePointer<UInt64>(bitPattern: address) else { exit(1) }

/// Answers every request: fails those for page 0, supplies zeros for the others.
WorkerThread("pager") { [table, port, pager, vmo] in
    while let packet = try? table.portWait(port, deadline: .max) {
        guard let request = packet.pageRequest else { continue }
        if request.offset == 0 {
            try? table.pagerOpRange(
                pager,
                1,
                vmo,
                offset: 0,
                length: pageBytes,
                data: UInt64(bitPattern: Int64(Status.io.rawValue))
            )
        } else if let aux = try? table.vmoCreate(size: request.length, options: 0) {
            try? table.pagerSupplyPages(
                pager,
                vmo,
                offset: request.offset,
                length: request.length,
                auxVMO: aux,
                auxOffset: 0
            )
            try? table.close(aux)
        }
    }
}.detach()

/// The word at the start of a page.
func load(page: Int) -> UInt64 {
    // SAFETY: the mapping has four pages, and lives as long as the process.
    unsafe word[page * 512]
}

expect(load(page: 1) == 0, "a page that is supplied")
switch mode {
case "default":
    signal(SIGBUS, SIG_DFL)
    _ = load(page: 0)
case "blocked":
    var signals = sigset_t()
    // SAFETY: the set lives for the calls.
    unsafe sigemptyset(&signals)
    unsafe sigaddset(&signals, SIGBUS)
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    _ = load(page: 0)
case "ignored":
    signal(SIGBUS, SIG_IGN)
    _ = load(page: 0)
case "fork":
    let child = fork()
    if child == 0 {
        signal(SIGSEGV, SIG_DFL)
        _ = load(page: 1)
        _exit(0)
    }
    var status: Int32 = 0
    // SAFETY: the status lives for the call.
    expect(unsafe waitpid(child, &status, 0) == child, "waitpid")
    expect(status & 0x7f == SIGSEGV, "the child reads the mapping: status \(status)")
    expect(load(page: 2) == 0, "the parent goes on")
    exit(0)
case "unprivileged":
    // SAFETY: the mapping is as in `load`.
    unsafe word[512] = 5
    expect(load(page: 1) == 5, "a store")
    let zero = unsafe open("/dev/zero", O_RDONLY)
    // The kernel may fill a page that is mapped, and asks nobody for one that is not.
    expect(unsafe read(zero, word + 512, 8) == 8, "read(2) into a page that is mapped")
    expect(load(page: 1) == 0, "what read(2) wrote")
    expect(unsafe read(zero, word + 3 * 512, 8) == -1 && errno == EFAULT, "read(2) into another")
    exit(0)
default:
    expect(false, "the argument \(mode)")
}
print("the access came to an end")
exit(1)
