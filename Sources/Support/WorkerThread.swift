internal import CLinux
internal import Glibc

/// A thread of our own that runs one closure to its end.
///
/// For work that blocks in system calls, which a cooperative thread pool must not do.
@safe
public struct WorkerThread: Sendable {
    private let handle: pthread_t

    /// Starts a thread called `name` (the first 15 bytes show in `ps` and `top`).
    ///
    /// Traps if the process can have no more threads.
    public init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        guard let thread = Self.start(name, body) else {
            preconditionFailure("no thread for \(name): errno \(errno)")
        }
        self = thread
    }

    private init(handle: pthread_t) {
        self.handle = handle
    }

    /// Starts a thread as `init` does; nil if the process can have no more.
    public static func start(
        _ name: String,
        _ body: @escaping @Sendable () -> Void
    ) -> WorkerThread? {
        let start = unsafe Unmanaged.passRetained(Start(name: name, body: body))
        var handle = pthread_t()
        // SAFETY: the retained `Start` is taken over by `runWorker`, which runs exactly once, or
        // released here if it does not run.
        let result = unsafe pthread_create(&handle, nil, runWorker, start.toOpaque())
        guard result == 0 else {
            unsafe start.release()
            errno = result
            return nil
        }
        return WorkerThread(handle: handle)
    }

    /// Waits until the closure has returned.
    ///
    /// To be called once.
    public func join() {
        pthread_join(handle, nil)
    }

    /// Lets the thread end by itself; nobody will wait for it.
    ///
    /// To be called once, instead of `join`.
    public func detach() {
        pthread_detach(handle)
    }

    fileprivate final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }
}

private func runWorker(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    // SAFETY: `argument` is the retained `Start` that `WorkerThread.init` passed.
    guard let argument = unsafe argument else { return nil }
    let start = unsafe Unmanaged<WorkerThread.Start>.fromOpaque(argument).takeRetainedValue()
    unsafe clinux_name_thread(String(start.name.prefix(15)))
    start.body()
    return nil
}
