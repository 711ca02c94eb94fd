import Support

/// Pages of a VMO, always accessed in the same way: by calls, or through one mapping.
struct TestView: Sendable {
    private let vmo: TestVMO
    private let mapping: TestMapping?

    init(_ vmo: TestVMO, pages: UInt64, _ access: Access) throws(Status) {
        self.vmo = vmo
        mapping = access == .mapping ? try TestMapping(vmo, pages: pages) : nil
    }

    /// Starts a thread that writes to pages.
    func startWrite(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        mapping?.startStore(page, count) ?? vmo.startWrite(page, count)
    }

    /// Starts a thread that reads pages.
    func startRead(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        mapping?.startLoad(page, count) ?? vmo.startRead(page, count)
    }
}
