internal import Synchronization

/// What a handle can refer to.
public protocol KernelObject: AnyObject, Sendable {
    /// The object's identity in this process.
    var koid: Koid { get }
    /// The kind of object.
    var objectType: ObjectType { get }
    /// The object's signals; nil for one that cannot be waited on, which is the default.
    var signals: ObjectSignals? { get }
    /// The last handle was closed.
    ///
    /// Called once by the handle table, with no lock held. Default: nothing.
    func lastHandleClosed()
}

extension KernelObject {
    /// None: the object cannot be waited on.
    public var signals: ObjectSignals? { nil }

    /// Nothing to do.
    public func lastHandleClosed() {}
}

/// The kinds of objects.
///
/// Source: `zx_obj_type_t`.
public enum ObjectType: UInt32, Sendable {
    /// `ZX_OBJ_TYPE_VMO`.
    case vmo = 3
    /// `ZX_OBJ_TYPE_PORT`.
    case port = 6
    /// `ZX_OBJ_TYPE_VMAR`.
    case vmar = 18
    /// `ZX_OBJ_TYPE_PMT`.
    case pmt = 26
    /// `ZX_OBJ_TYPE_PAGER`.
    case pager = 28
}

/// The identity of a kernel object: unique in the process, never used again.
public struct Koid: Hashable, Sendable {
    /// The number.
    ///
    /// Source: `zx_koid_t`.
    public let rawValue: UInt64

    /// `ZX_KOID_INVALID`: no object.
    public static let invalid = Koid(rawValue: 0)

    /// A koid that no object has had.
    public static func next() -> Koid {
        // Zircon keeps the numbers below 1024 for itself.
        Koid(rawValue: 1024 &+ koidsGiven.add(1, ordering: .relaxed).newValue)
    }
}

private let koidsGiven = Atomic<UInt64>(0)
