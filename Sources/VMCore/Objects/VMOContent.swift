internal import Support

/// What the handles to a VMO need of it, whichever its kind; positions are its own.
///
/// What each call does and throws is said at `UntrackedVMO` and `VirtualMemoryObject`.
protocol VMOContent: CloneParent, PinHolder {
    var isResizable: Bool { get }
    /// Whether a pager supplies the VMO or the one at the root of its tree.
    var isPagerBacked: Bool { get }
    /// The pages of its own that have a frame.
    var residentPages: Int { get }
    var streamSize: UInt64 { get }

    func read(_ bytes: ByteRange, into consume: (UnsafeRawBufferPointer) -> Bool) throws(Status)
    func write(
        _ bytes: ByteRange,
        from produce: (UnsafeMutableRawBufferPointer) -> Int
    ) throws(Status)
    func zero(_ bytes: ByteRange) throws(Status)
    func commit(_ pages: PageRange) throws(Status)
    func decommit(_ pages: PageRange) throws(Status)
    func prefetch(_ pages: PageRange) throws(Status)
    func alwaysNeed(_ pages: PageRange)
    func dontNeed(_ pages: PageRange)
    func setSize(_ bytes: UInt64) throws(Status)
    func setStreamSize(_ bytes: UInt64) throws(Status)
    func pin(_ pages: PageRange, forWrite: Bool) throws(Status) -> PagePin
    func makeClone(
        _ kind: CloneKind,
        offset: UInt64,
        size: UInt64,
        isResizable: Bool,
        ofSlice: Bool
    ) throws(Status) -> UntrackedVMO
}

extension UntrackedVMO: VMOContent {}
