import Support
import Testing

@testable import VMCore

/// A pager-backed VMO of a `UserPager`, behind a handle.
struct TestVMO: Sendable {
    let table: HandleTable
    let handle: Handle
    /// The key of its packets, and what its supplied content counts from.
    let key: UInt64

    /// What the handle refers to, for a look inside; not kept.
    var object: VirtualMemoryObject {
        get throws {
            let dispatcher = try table.object(handle, VMODispatcher.self, rights: [])
            guard case .paged(let object) = dispatcher.content else { throw Status.wrongType }
            return object
        }
    }

    /// Writes `count` pages full of `byte` from page `page` on.
    func write(_ page: UInt64, _ count: UInt64 = 1, byte: UInt8 = 0xAB) throws(Status) {
        try table.vmoWrite(
            handle,
            offset: page * pageSize,
            bytes: [UInt8](repeating: byte, count: Int(count * pageSize))
        )
    }

    /// Starts a thread that writes.
    func startWrite(_ page: UInt64, _ count: UInt64 = 1, byte: UInt8 = 0xAB) -> TestThread {
        TestThread { () throws(Status) in try write(page, count, byte: byte) }
    }

    /// The bytes of `count` pages from page `page` on.
    func read(_ page: UInt64, _ count: UInt64 = 1) throws(Status) -> [UInt8] {
        try table.vmoRead(handle, offset: page * pageSize, length: count * pageSize)
    }

    /// Starts a thread that reads.
    func startRead(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        TestThread { () throws(Status) in _ = try read(page, count) }
    }

    /// The bytes of pages that can be read without a request; `timedOut` if it takes one.
    func readPresent(_ page: UInt64, _ count: UInt64 = 1) throws(Status) -> [UInt8] {
        let bytes = Guarded<[UInt8]>([], rank: .leaf)
        let thread = TestThread { () throws(Status) in
            let found = try read(page, count)
            bytes.withLock { $0 = found }
        }
        if let status = thread.wait() { throw status }
        return bytes.withLock { $0 }
    }

    /// Whether the pages hold what the pager supplied.
    func holdsPattern(_ page: UInt64, _ count: UInt64 = 1) throws(Status) -> Bool {
        try readPresent(page, count) == UserPager.pattern(key: key, page, count)
    }

    /// Whether every byte of the pages is `byte`.
    func holds(_ byte: UInt8, _ page: UInt64, _ count: UInt64 = 1) throws(Status) -> Bool {
        try readPresent(page, count).allSatisfy { $0 == byte }
    }

    /// Zeroes whole pages.
    func zero(_ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try table.vmoOpRange(handle, 10, offset: page * pageSize, size: count * pageSize)
    }

    /// Zeroes bytes.
    func zeroBytes(_ bytes: ByteRange) throws(Status) {
        try table.vmoOpRange(handle, 10, offset: bytes.start, size: bytes.count)
    }

    /// Commits whole pages.
    func commit(_ page: UInt64, _ count: UInt64 = 1) throws(Status) {
        try table.vmoOpRange(handle, 1, offset: page * pageSize, size: count * pageSize)
    }

    /// Changes the size to `pages` pages.
    func resize(_ pages: UInt64) throws(Status) {
        try table.vmoSetSize(handle, pages * pageSize)
    }

    /// Pages with memory of their own.
    var committedPages: UInt64 {
        get throws(Status) { try table.vmoInfo(handle).committedBytes / pageSize }
    }

    /// Makes a child; `offset` and `size` in pages.
    func child(
        _ options: ChildOptions,
        offset: UInt64 = 0,
        pages: UInt64
    ) throws(Status) -> TestVMO {
        let child = try table.vmoCreateChild(
            handle,
            options: options.rawValue,
            offset: offset * pageSize,
            size: pages * pageSize
        )
        return TestVMO(table: table, handle: child, key: key)
    }

    /// Closes the handle.
    func close() throws(Status) {
        try table.close(handle)
    }

    /// Waits until `count` threads wait for pages of the VMO.
    func waitForBlocked(_ count: Int = 1) throws {
        let object = try object
        try waitUntil("\(count) threads wait") { object.waitingThreadCount == count }
    }
}

/// The options of `zx_vmo_create_child` that the tests use.
struct ChildOptions {
    let rawValue: UInt32

    /// `ZX_VMO_CHILD_SNAPSHOT_AT_LEAST_ON_WRITE`.
    static let clone = ChildOptions(rawValue: 1 << 4)
    /// `ZX_VMO_CHILD_SLICE`.
    static let slice = ChildOptions(rawValue: 1 << 3)
    /// `ZX_VMO_CHILD_REFERENCE`.
    static let reference = ChildOptions(rawValue: 1 << 6)
}
