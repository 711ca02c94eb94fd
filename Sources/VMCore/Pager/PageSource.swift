public import Support

/// Answers the page requests of VMOs in this process, on the thread that faults: no packet, no
/// hand-off.
public protocol PageSource: AnyObject, Sendable {
    /// Supplies pages that the VMO does not have.
    ///
    /// Called with no lock held. No other call for these pages is under way; threads that fault on
    /// them meanwhile wait for this one. Must supply at least the first page (`supply` or
    /// `supplyZeros`) and may supply more, before or after too; or throws, and the error goes to
    /// every waiter.
    func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status)
}
