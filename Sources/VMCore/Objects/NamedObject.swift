/// An object that has a name.
public protocol NamedObject: KernelObject {
    /// The name; empty at first.
    var name: ObjectName { get set }
}
