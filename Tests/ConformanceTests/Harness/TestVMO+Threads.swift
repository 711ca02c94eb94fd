import Support

extension TestVMO {
    /// Starts a thread that zeroes whole pages.
    func startZero(_ page: UInt64, _ count: UInt64 = 1) -> TestThread {
        TestThread { () throws(Status) in try zero(page, count) }
    }

    /// Starts a thread that zeroes bytes.
    func startZeroBytes(_ bytes: ByteRange) -> TestThread {
        TestThread { () throws(Status) in try zeroBytes(bytes) }
    }
}
