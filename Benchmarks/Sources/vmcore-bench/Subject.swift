import Support
import SystemPackage
import VMCore

/// A VMO to measure, with the pager and the handles that its calls need.
final class Subject {
    let arena: FrameArena
    let handles: HandleTable
    let pagerHandle: Handle
    let handle: Handle
    let vmo: VirtualMemoryObject
    let size: UInt64

    init(size: UInt64, frames: Int) throws {
        self.size = size
        arena = try FrameArena(frameCount: frames)
        handles = HandleTable(arena: arena)
        pagerHandle = try handles.pagerCreate(options: 0)
        handle = try handles.pagerCreateVMO(
            pagerHandle,
            options: VMOOptions.resizable.rawValue,
            source: NoSource(),
            size: size
        )
        let dispatcher = try handles.object(handle, VMODispatcher.self, rights: [])
        guard case .paged(let vmo) = dispatcher.content else { throw Status.wrongType }
        self.vmo = vmo
    }

    /// A source that is never asked: everything that is measured is supplied beforehand.
    final class NoSource: PageSource {
        func readPages(_ pages: PageRange, of vmo: VirtualMemoryObject) throws(Status) {
            throw .notSupported
        }
    }

    /// Puts untouched frames behind absent pages, which become Clean.
    func supply(_ pages: PageRange) throws {
        try vmo.supply(pages, from: arena.take(Int(pages.count)))
    }

    /// Makes the runs of `shape` dirty, without touching the frames of data.
    func dirty(_ shape: Shape) throws {
        let pages = shape.pages()
        for run in shape.order() {
            let page = PageRange(start: pages[run], count: 1)
            if shape.isZero(run) {
                _ = try vmo.zero(page)
            } else {
                try supply(page)
                try dirtyResident(page)
            }
        }
    }

    /// OP_DIRTY of resident pages.
    func dirtyResident(_ pages: PageRange) throws {
        var none = arena.take(0)
        try vmo.opDirty(pages, frames: &none)
    }

    /// Makes every page Clean.
    func writeBack() throws {
        let pages = PageRange(0, size / pageSize)
        _ = try vmo.beginWriteback(pages, isZero: false)
        try vmo.endWriteback(pages)
    }

    /// All dirty ranges through the VMO, `capacity` at once; returns how many there are.
    func queryVMO(capacity: Int) throws -> Int {
        var count = 0
        var offset: UInt64 = 0
        while true {
            let query = try vmo.queryDirtyRanges(
                offset: offset,
                length: size - offset,
                capacity: capacity,
                countingAvailable: false
            )
            count += query.ranges.count
            guard query.ranges.count == capacity, let last = query.ranges.last else { return count }
            offset = last.offset + last.length
        }
    }

    /// All dirty ranges through handles, `capacity` at once at most; returns how many there are.
    func queryHandles(capacity: Int) throws -> Int {
        var count = 0
        var offset: UInt64 = 0
        while true {
            let query = try handles.pagerQueryDirtyRanges(
                pagerHandle,
                handle,
                offset: offset,
                length: size - offset,
                capacity: capacity,
                countingAvailable: false
            )
            count += query.ranges.count
            guard query.ranges.count == capacity, let last = query.ranges.last else { return count }
            offset = last.offset + last.length
        }
    }

    /// How many dirty ranges there are, by the counting idiom: room for none.
    func count() throws -> Int {
        try handles.pagerQueryDirtyRanges(
            pagerHandle,
            handle,
            offset: 0,
            length: size,
            capacity: 0,
            countingAvailable: true
        ).avail ?? 0
    }
}
