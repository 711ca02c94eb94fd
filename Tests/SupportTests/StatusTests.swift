import Support
import SystemPackage
import Testing

// The two translations between Zircon's statuses and Linux's errnos: total, and as tabled.
struct StatusTests {
    @Test(
        "each errno has its status",
        arguments: [
            (.noSpace, .noSpace), (.diskQuotaExceeded, .noSpace), (.noMemory, .noMemory),
            (.badMessage, .ioDataIntegrity), (.invalidArgument, .invalidArgs),
            (.permissionDenied, .accessDenied), (.notPermitted, .accessDenied),
            (.readOnlyFileSystem, .accessDenied), (.noSuchFileOrDirectory, .notFound),
            (.notSupported, .notSupported), (.notSupportedOnSocket, .notSupported),
            (.ioError, .io), (.interrupted, .io), (.fileTooLarge, .io),
        ] as [(Errno, Status)]
    )
    func statusOfErrno(errno: Errno, status: Status) {
        #expect(Status(errno) == status)
    }

    @Test(
        "each status has its errno",
        arguments: [
            (.noSpace, .noSpace), (.noMemory, .noMemory), (.ioDataIntegrity, .ioError),
            (.invalidArgs, .invalidArgument), (.outOfRange, .invalidArgument),
            (.accessDenied, .permissionDenied), (.notFound, .noSuchFileOrDirectory),
            (.notSupported, .notSupported), (.timedOut, .timedOut), (.io, .ioError),
            (.badState, .ioError), (.badHandle, .ioError), (.unavailable, .ioError),
        ] as [(Status, Errno)]
    )
    func errnoOfStatus(status: Status, errno: Errno) {
        #expect(Errno(status) == errno)
    }

    @Test("every number is translated, none traps")
    func total() {
        for number in 1...200 as ClosedRange<Int32> {
            #expect(Status(Errno(rawValue: number)).rawValue < 0)
            #expect(Errno(Status(rawValue: -number)).rawValue > 0)
        }
    }

    @Test(
        "statuses have the numbers of zircon/errors.h",
        arguments: [
            (.notSupported, -2), (.noMemory, -4), (.invalidArgs, -10), (.badHandle, -11),
            (.wrongType, -12), (.outOfRange, -14), (.bufferTooSmall, -15), (.badState, -20),
            (.timedOut, -21), (.notFound, -25), (.unavailable, -28), (.accessDenied, -30),
            (.io, -40), (.ioDataIntegrity, -42), (.noSpace, -54),
        ] as [(Status, Int32)]
    )
    func numbers(status: Status, number: Int32) {
        #expect(status.rawValue == number)
        #expect("\(status)" == "ZX_ERR(\(number))")
    }

    @Test("success is no failure status")
    func success() async {
        await #expect(processExitsWith: .failure) { _ = Status(rawValue: 0) }
    }
}
