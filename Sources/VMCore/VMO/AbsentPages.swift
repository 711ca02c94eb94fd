/// What a write does with absent pages that it covers whole.
public enum AbsentPages: Hashable, Sendable {
    /// Takes them without a read: nobody will see what they held.
    case blank
    /// Asks the source first, as Zircon does.
    case read
}
