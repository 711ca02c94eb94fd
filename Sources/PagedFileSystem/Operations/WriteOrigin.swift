/// Where the bytes of a write request come from.
public enum WriteOrigin: Sendable {
    /// An application's write(2), which the kernel has kept a copy of in its cache.
    case application
    /// An application's write(2) past the kernel's cache.
    case directIO
    /// The kernel's cache, which is written back: the application was told long ago that all is
    /// well.
    case kernelCache
}
