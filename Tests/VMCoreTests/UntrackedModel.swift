// What a tree of VMOs without dirty tracking reads as, page by page: the oracle of
// `UntrackedModelTests`.

import Support

@testable import VMCore

/// One VMO of the oracle, with the VMO that it is held against.
final class UntrackedModel {
    /// What pages that are not its own are read from.
    enum Parent {
        case none
        case root(ScriptedParent)
        case model(UntrackedModel)
    }

    let vmo: UntrackedVMO
    var sizePages: UInt64
    var streamSize: UInt64
    /// Pages with bytes of their own.
    var own: [UInt64: [UInt8]] = [:]
    /// Pages that are zeros in front of a parent.
    var hidden: Set<UInt64> = []
    var parent = Parent.none
    var offset: UInt64 = 0
    var limit: UInt64 = 0
    /// Pages held in place.
    var pins: [(pages: PageRange, pin: PagePin)] = []
    /// Pages around which things happen.
    let focus: UInt64

    init(_ vmo: UntrackedVMO, size: UInt64, focus: UInt64) {
        self.vmo = vmo
        sizePages = pageCount(coveringBytes: size)
        streamSize = size
        self.focus = focus
    }

    static let zeros = [UInt8](repeating: 0, count: Int(pageSize))

    func showsParent(_ page: UInt64) -> Bool {
        own[page] == nil && !hidden.contains(page) && page < limit
    }

    /// The bytes of a page.
    func bytes(_ page: UInt64) -> [UInt8] {
        if let bytes = own[page] { return bytes }
        guard showsParent(page) else { return Self.zeros }
        switch parent {
        case .none:
            return Self.zeros
        case .root(let root):
            return [UInt8](repeating: root.byte(Int(page + offset)), count: Int(pageSize))
        case .model(let model):
            return page + offset < model.sizePages ? model.bytes(page + offset) : Self.zeros
        }
    }

    func bytes(_ range: ByteRange) -> [UInt8] {
        var result: [UInt8] = []
        let pages = range.pagesRoundedOutward
        for page in pages.start..<pages.end {
            let part = range.clamped(to: PageRange(page, page + 1).bytes)
            let start = Int(part.start - page * pageSize)
            result += bytes(page)[start..<start + Int(part.count)]
        }
        return result
    }

    func write(_ bytes: [UInt8], at offset: UInt64) {
        let range = ByteRange(offset, offset + UInt64(bytes.count))
        let pages = range.pagesRoundedOutward
        for page in pages.start..<pages.end {
            let part = range.clamped(to: PageRange(page, page + 1).bytes)
            var content = self.bytes(page)
            let start = Int(part.start - page * pageSize)
            let source = Int(part.start - offset)
            content.replaceSubrange(
                start..<start + Int(part.count),
                with: bytes[source..<source + Int(part.count)]
            )
            set(page, content)
        }
    }

    private func set(_ page: UInt64, _ content: [UInt8]) {
        own[page] = content
        hidden.remove(page)
    }

    func commit(_ pages: PageRange) {
        for page in pages.start..<pages.end { set(page, bytes(page)) }
    }

    func hasPins(in pages: PageRange) -> Bool {
        !pages.isEmpty && pins.contains { $0.pages.overlaps(pages) }
    }

    func clear(_ page: UInt64) {
        own[page] = nil
        if page < limit { hidden.insert(page) }
    }

    func zero(_ range: ByteRange) {
        let pages = range.pagesRoundedOutward
        for page in pages.start..<pages.end {
            let part = range.clamped(to: PageRange(page, page + 1).bytes)
            if part.count == pageSize, !hasPins(in: PageRange(page, page + 1)) {
                clear(page)
            } else if own[page] != nil || showsParent(page) {
                write([UInt8](repeating: 0, count: Int(part.count)), at: part.start)
            }
        }
    }

    func resize(to bytes: UInt64, children: [UntrackedModel]) {
        let pages = pageCount(coveringBytes: bytes)
        if pages < sizePages {
            for page in pages..<sizePages {
                own[page] = nil
                hidden.remove(page)
            }
            cutParent(at: pages)
            for child in children {
                if case .model(let model) = child.parent, model === self {
                    child.cutParent(at: pages > child.offset ? pages - child.offset : 0)
                }
            }
        }
        sizePages = pages
        streamSize = bytes
        zero(ByteRange(bytes, pages * pageSize))
    }

    func cutParent(at newLimit: UInt64) {
        limit = min(limit, newLimit)
        hidden = hidden.filter { $0 < limit }
    }

    /// A clone that copies what is not the parent's.
    func copy(_ clone: UntrackedVMO, offset: UInt64, size: UInt64) -> UntrackedModel {
        let first = offset / pageSize
        let copy = UntrackedModel(clone, size: size, focus: focus > first ? focus - first : 0)
        copy.show(parent, from: self.offset + first, limit: limit > first ? limit - first : 0)
        for page in 0..<min(copy.sizePages, sizePages > first ? sizePages - first : 0) {
            if let bytes = own[page + first] { copy.own[page] = bytes }
            if hidden.contains(page + first) { copy.hidden.insert(page) }
        }
        return copy
    }

    func show(_ parent: Parent, from offset: UInt64, limit: UInt64) {
        self.parent = parent
        self.offset = offset
        self.limit = min(limit, sizePages)
    }
}
