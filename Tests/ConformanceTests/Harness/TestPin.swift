import Support
import Testing

@testable import VMCore

/// Pages of a VMO that are held in place.
struct TestPin: Sendable {
    fileprivate let table: HandleTable
    fileprivate let handle: Handle

    /// Lets the pages go.
    func unpin() throws(Status) {
        try table.pmtUnpin(handle)
    }
}

/// A thread that pins pages, and may have to wait for the pager.
final class PinThread: Sendable {
    private let pin: Guarded<TestPin?>
    private let thread: TestThread

    fileprivate init(_ action: @escaping @Sendable () throws(Status) -> TestPin) {
        let pin = Guarded<TestPin?>(nil, rank: .leaf)
        self.pin = pin
        thread = TestThread { () throws(Status) in
            let made = try action()
            pin.withLock { $0 = made }
        }
    }

    /// The pin, or nil and the status with which it failed.
    func wait() -> (pin: TestPin?, failure: Status?) {
        let failure = thread.wait()
        return (pin.withLock { $0 }, failure)
    }
}

extension TestVMO {
    /// Pins pages for a device that reads, or one that writes.
    func pin(_ page: UInt64, _ count: UInt64 = 1, forWrite: Bool) throws(Status) -> TestPin {
        let handle = try table.vmoPin(
            handle,
            options: forWrite ? 2 : 1,
            offset: page * pageSize,
            size: count * pageSize
        )
        return TestPin(table: table, handle: handle)
    }

    /// Starts a thread that pins pages for a device that writes.
    func startWritePin(_ page: UInt64, _ count: UInt64 = 1) -> PinThread {
        PinThread { () throws(Status) in try pin(page, count, forWrite: true) }
    }
}

extension UserPager {
    /// Pins pages that are present and not Dirty for writing, and allows it if the VMO asks.
    func pinForWrite(
        _ vmo: TestVMO,
        _ page: UInt64,
        _ count: UInt64 = 1,
        trapDirty: Bool,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws -> TestPin {
        let thread = vmo.startWritePin(page, count)
        if trapDirty {
            expectDirty(vmo, page, count, sourceLocation: sourceLocation)
            try dirty(vmo, page, count)
        }
        let result = thread.wait()
        #expect(result.failure == nil, sourceLocation: sourceLocation)
        return try #require(result.pin, sourceLocation: sourceLocation)
    }
}
