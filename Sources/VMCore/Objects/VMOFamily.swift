internal import Support

/// Who is whose child among the VMOs that come of one, by their koids.
///
/// The children of a VMO that goes become those of its parent, as in Zircon. Each VMO signals
/// whether it has children.
///
/// Thread safety: any thread.
final class VMOFamily: Sendable {
    private struct Member {
        var parent: Koid?
        var childCount = 0
        let signals: ObjectSignals
    }

    private struct State {
        var members: [Koid: Member] = [:]

        /// Adds `amount` to the number of children of a VMO.
        mutating func changeChildCount(of koid: Koid?, by amount: Int) {
            guard let koid, let member = members[koid] else { return }
            members[koid]?.childCount += amount
            switch member.childCount + amount {
            case 0: member.signals.update(clear: [], set: .vmoZeroChildren)
            default: member.signals.update(clear: .vmoZeroChildren, set: [])
            }
        }
    }

    private let state = Guarded(State(), rank: .family)

    /// Adds a VMO without children, which shows that by `signals`; its parent, if it has one, is in
    /// the family.
    func add(_ koid: Koid, parent: Koid?, signals: ObjectSignals) {
        state.withLock { state in
            state.members[koid] = Member(parent: parent, signals: signals)
            state.changeChildCount(of: parent, by: 1)
        }
    }

    /// Takes a VMO out.
    func remove(_ koid: Koid) {
        state.withLock { state in
            guard let member = state.members.removeValue(forKey: koid) else { return }
            if member.childCount > 0 {
                for (child, other) in state.members where other.parent == koid {
                    state.members[child]?.parent = member.parent
                }
            }
            state.changeChildCount(of: member.parent, by: member.childCount - 1)
        }
    }

    /// The parent of a VMO; nil if it has none left.
    func parent(of koid: Koid) -> Koid? {
        state.withLock { state in state.members[koid]?.parent }
    }

    /// How many direct children of a VMO there are.
    func childCount(of koid: Koid) -> Int {
        state.withLock { state in state.members[koid]?.childCount ?? 0 }
    }
}
