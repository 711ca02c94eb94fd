internal import Support

/// Who is whose child among the VMOs that come of one, by their koids.
///
/// The children of a VMO that goes become those of its parent, as in Zircon.
///
/// Thread safety: any thread.
final class VMOFamily: Sendable {
    private struct Member {
        var parent: Koid?
        var childCount = 0
    }

    private let members = Guarded([Koid: Member](), rank: .leaf)

    /// Adds a VMO; its parent, if it has one, is in the family.
    func add(_ koid: Koid, parent: Koid?) {
        members.withLock { members in
            members[koid] = Member(parent: parent)
            if let parent { members[parent]?.childCount += 1 }
        }
    }

    /// Takes a VMO out.
    func remove(_ koid: Koid) {
        members.withLock { members in
            guard let member = members.removeValue(forKey: koid) else { return }
            if let parent = member.parent { members[parent]?.childCount += member.childCount - 1 }
            guard member.childCount > 0 else { return }
            for (child, other) in members where other.parent == koid {
                members[child]?.parent = member.parent
            }
        }
    }

    /// The parent of a VMO; nil if it has none left.
    func parent(of koid: Koid) -> Koid? {
        members.withLock { $0[koid]?.parent }
    }

    /// How many direct children of a VMO there are.
    func childCount(of koid: Koid) -> Int {
        members.withLock { $0[koid]?.childCount ?? 0 }
    }
}
