internal import Support

extension VMODispatcher {
    /// Makes a child as `zx_vmo_create_child` does, without what that does to handles.
    ///
    /// `options` come without `noWrite`; `size` is in bytes, at most `VirtualMemoryObject.sizeMax`,
    /// and rounded up to pages.
    ///
    /// - Throws: `invalidArgs` for options that do not go together, a misaligned offset, a slice
    ///   that does not lie inside, or a range for a reference; `outOfRange` for a clone that does
    ///   not lie inside a slice; `notSupported` for a slice of a resizable VMO, a reference to a
    ///   slice, a resizable reference to a VMO that is not; what `makeClone` throws.
    func makeChild(
        _ options: VMOChildOptions,
        offset: UInt64,
        size: UInt64,
        isImmutable: Bool
    ) throws(Status) -> VMODispatcher {
        if options.contains(.slice) {
            guard options == .slice else { throw .invalidArgs }
            return try makeSlice(offset, size)
        }
        var options = options
        let isResizable = options.remove(.resizable) != nil
        if options.contains(.reference) {
            guard options == .reference, offset == 0, size == 0 else { throw .invalidArgs }
            return try makeReference(isResizable)
        }
        let kind: CloneKind
        switch options {
        case .snapshot: kind = .snapshot
        case .snapshotAtLeastOnWrite: kind = .snapshotAtLeastOnWrite
        case .snapshotModified: kind = .snapshotModified
        default: throw .invalidArgs
        }
        guard offset % pageSize == 0 else { throw .invalidArgs }
        if let window {
            let range = ByteRange(offset: offset, length: pageCount(coveringBytes: size) * pageSize)
            guard let range, range.end <= window.count else { throw .outOfRange }
        }
        let clone = try pages.makeClone(
            kind,
            offset: self.offset + offset,
            size: size,
            isResizable: isResizable,
            ofSlice: window != nil
        )
        return VMODispatcher(
            .untracked(clone),
            .clone,
            isImmutable: isImmutable,
            family: family,
            parent: koid
        )
    }

    private func makeSlice(_ offset: UInt64, _ size: UInt64) throws(Status) -> VMODispatcher {
        guard offset % pageSize == 0 else { throw .invalidArgs }
        let rounded = pageCount(coveringBytes: size) * pageSize
        guard let range = ByteRange(offset: offset, length: rounded), range.end <= self.size else {
            throw .invalidArgs
        }
        guard !isResizable else { throw .notSupported }
        return VMODispatcher(
            content,
            .slice,
            window: ByteRange(self.offset + range.start, self.offset + range.end),
            streamSize: size,
            family: family,
            parent: koid
        )
    }

    private func makeReference(_ wantsResizable: Bool) throws(Status) -> VMODispatcher {
        guard window == nil else { throw .notSupported }
        // A reference to a resizable VMO is resizable in any case; only the handle may lack it.
        guard isResizable || !wantsResizable else { throw .notSupported }
        return VMODispatcher(content, .reference, family: family, parent: koid)
    }
}
