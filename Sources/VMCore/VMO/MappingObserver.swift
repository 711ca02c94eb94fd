public import Support

/// Takes access to pages of a VMO away from the mappings that show them.
///
/// Called under the VMO's lock, so that no store slips in between a change of state and the loss
/// of access: an implementation takes no lock that comes before the VMO's.
public protocol MappingObserver: AnyObject, Sendable {
    /// Makes stores to `pages` fault again, from its return on.
    func revokeWrite(_ pages: PageRange)
    /// Makes loads and stores of `pages`, none of which has a frame any more, fault again.
    func revokeAll(_ pages: PageRange)
}
