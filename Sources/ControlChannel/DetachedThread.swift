internal import Glibc
internal import SystemPackage

/// What a new thread is to do, carried through the C interface.
private final class ThreadBody: Sendable {
    let run: @Sendable () -> Void

    init(_ run: @escaping @Sendable () -> Void) {
        self.run = run
    }
}

/// Runs `body` on a thread of its own that nobody joins.
///
/// - Throws: `EAGAIN` where the system has no thread left.
func startDetachedThread(_ body: @escaping @Sendable () -> Void) throws(Errno) {
    // SAFETY: the retained box is released by exactly one of the two: the thread, or the failure
    // path below. `attributes` is initialised before use and lives through the calls.
    let box = unsafe Unmanaged.passRetained(ThreadBody(body))
    var attributes = pthread_attr_t()
    unsafe pthread_attr_init(&attributes)
    unsafe pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var thread = pthread_t()
    let result = unsafe pthread_create(&thread, &attributes, runThreadBody, box.toOpaque())
    unsafe pthread_attr_destroy(&attributes)
    if result != 0 {
        unsafe box.release()
        throw Errno(rawValue: result)
    }
}

private func runThreadBody(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    if let argument = unsafe argument {
        // SAFETY: the argument is the box that `startDetachedThread` retained for this thread.
        unsafe Unmanaged<ThreadBody>.fromOpaque(argument).takeRetainedValue().run()
    }
    return nil
}
