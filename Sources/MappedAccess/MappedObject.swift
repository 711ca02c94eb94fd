internal import Support
internal import VMCore

/// A VMO that is mapped, with every place that shows it.
///
/// All answers to page faults go through here, so that a page is shown only where it still is
/// mapped, and writable only until the VMO says otherwise.
///
/// Thread safety: any thread. Lock: `LockRank.mapping`, which is taken under the VMO's.
final class MappedObject: MappingObserver {
    /// One range of addresses that shows pages of the VMO.
    private struct Piece {
        let descriptor: FaultDescriptor
        var addresses: Range<UInt>
        var pages: PageRange
        /// Where the pages lie in the arena.
        var parts: [PlacedPages]
        /// Pages to which stores get through.
        var writable = PageSet()

        func page(at address: UInt) -> UInt64 {
            pages.start + UInt64(address - addresses.lowerBound) / pageSize
        }

        func addresses(of inside: PageRange) -> Range<UInt> {
            let start = addresses.lowerBound + UInt((inside.start - pages.start) * pageSize)
            return start..<(start + UInt(inside.count * pageSize))
        }

        /// The part of the piece at `inside`, without a page that can be written.
        func clamped(to inside: Range<UInt>) -> Piece {
            let start = page(at: inside.lowerBound)
            let pages = PageRange(start: start, count: UInt64(inside.count) / pageSize)
            let parts = parts.map { $0.clamped(to: pages) }.filter { !$0.pages.isEmpty }
            return Piece(descriptor: descriptor, addresses: inside, pages: pages, parts: parts)
        }

        /// Makes stores fault again to those of `pages` to which they get through.
        mutating func protect(_ pages: PageRange) {
            let piece = self
            writable.remove(in: pages.clamped(to: piece.pages)) { run in
                piece.descriptor.protect(piece.addresses(of: run))
            }
        }
    }

    let memory: any MappableMemory
    private let pieces = Guarded<[Piece]>([], rank: .mapping)

    init(_ memory: any MappableMemory) {
        self.memory = memory
    }

    /// Adds a place that shows the VMO.
    func add(_ addresses: Range<UInt>, parts: [PlacedPages], _ descriptor: FaultDescriptor) {
        guard let first = parts.first, let last = parts.last else { return }
        let pages = PageRange(first.pages.start, last.pages.end)
        pieces.withLock { pieces in
            pieces.append(
                Piece(descriptor: descriptor, addresses: addresses, pages: pages, parts: parts)
            )
        }
    }

    /// Shows the VMO no more at `addresses`, where `unmap` puts something else; nothing changes if
    /// that fails.
    func remove(
        _ addresses: Range<UInt>,
        unmap: () throws(Status) -> Void
    ) throws(Status) {
        try pieces.withLock { (pieces: inout [Piece]) throws(Status) in
            try unmap()
            var rest: [Piece] = []
            for var piece in pieces {
                let cut = piece.addresses.clamped(to: addresses)
                if cut.isEmpty {
                    rest.append(piece)
                    continue
                }
                piece.descriptor.wake(cut)
                var sides: [Piece] = []
                for side in [
                    piece.addresses.lowerBound..<cut.lowerBound,
                    cut.upperBound..<piece.addresses.upperBound,
                ] where !side.isEmpty {
                    var part = piece.clamped(to: side)
                    piece.writable.remove(in: part.pages) { run in
                        for page in run.start..<run.end { part.writable.insert(page) }
                    }
                    sides.append(part)
                }
                rest += sides
            }
            pieces = rest
        }
    }

    /// Shows a page of the VMO at `address`, or zeros, and wakes who waits there; false if there
    /// is no memory for that.
    ///
    /// Lock: the VMO's is held.
    func show(_ address: UInt, _ page: UInt64, hasFrame: Bool, isWrite: Bool) -> Bool {
        pieces.withLock { pieces in
            guard
                let index = pieces.firstIndex(where: { piece in
                    piece.addresses.contains(address) && piece.page(at: address) == page
                })
            else { return true }
            let descriptor = pieces[index].descriptor
            guard hasFrame else { return descriptor.showZeros(at: address) }
            if isWrite { pieces[index].writable.insert(page) }
            return descriptor.showFrame(at: address, isWritable: isWrite)
        }
    }

    /// Shows the pages of `addresses` that are there, for reading.
    func showResident(_ addresses: Range<UInt>, _ pages: PageRange) {
        memory.forEachResident(pages) { run in
            pieces.withLock { pieces in
                for piece in pieces {
                    let inside = piece.addresses.clamped(to: addresses)
                    if inside.isEmpty { continue }
                    let part = piece.clamped(to: inside)
                    let shown = run.clamped(to: part.pages)
                    if !shown.isEmpty { piece.descriptor.showFrames(at: part.addresses(of: shown)) }
                }
            }
        }
    }

    /// Makes stores at `addresses` fault again, to pages to which they get through.
    func revokeWrite(at addresses: Range<UInt>) {
        pieces.withLock { pieces in
            for index in pieces.indices {
                let inside = pieces[index].addresses.clamped(to: addresses)
                if inside.isEmpty { continue }
                pieces[index].protect(pieces[index].clamped(to: inside).pages)
            }
        }
    }

    /// Makes accesses at `address` fail until `hide`, if the VMO is shown there.
    func poison(_ address: UInt) {
        descriptor(at: address) { descriptor in descriptor.poison(address) }
    }

    /// Makes accesses at `address` fault again.
    func hide(_ address: UInt) {
        descriptor(at: address) { descriptor in
            descriptor.hide(address..<(address + UInt(pageSize)))
        }
    }

    func revokeWrite(_ pages: PageRange) {
        pieces.withLock { pieces in
            for index in pieces.indices { pieces[index].protect(pages) }
        }
    }

    func revokeAll(_ pages: PageRange) {
        pieces.withLock { pieces in
            for part in pieces.lazy.flatMap(\.parts) {
                let gone = part.clamped(to: pages)
                if !gone.pages.isEmpty { memory.arena.dropMemory(of: gone.frames) }
            }
        }
    }

    private func descriptor(at address: UInt, _ body: (FaultDescriptor) -> Void) {
        pieces.withLock { pieces in
            if let piece = pieces.first(where: { $0.addresses.contains(address) }) {
                body(piece.descriptor)
            }
        }
    }
}
