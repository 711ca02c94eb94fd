internal import Support

/// What a handle to a VMO refers to: a VMO, or a window on one.
///
/// Slices and references are dispatchers of the same content; a clone has content of its own. Each
/// dispatcher keeps alive what it needs of the others' content, whatever becomes of their handles.
///
/// Thread safety: any thread.
public final class VMODispatcher: NamedObject {
    /// Where the pages are.
    public enum Content: Sendable {
        /// In a VMO with a pager.
        case paged(VirtualMemoryObject)
        /// In memory of its own or a clone.
        case untracked(UntrackedVMO)
    }

    /// How it came about.
    public enum Origin: Sendable {
        /// It was made for itself.
        case root
        /// It shows a part of its parent.
        case slice
        /// It shows all of its parent.
        case reference
        /// It is a copy-on-write clone of its parent.
        case clone
    }

    private struct State {
        var name = ObjectName("")
        /// The size of a slice's content in bytes.
        var sliceStreamSize: UInt64 = 0
    }

    /// The object's identity in this process.
    public let koid = Koid.next()
    /// `ZX_OBJ_TYPE_VMO`.
    public let objectType = ObjectType.vmo
    /// Where the pages are.
    public let content: Content
    /// How it came about.
    public let origin: Origin
    /// What a slice shows of the content, whose size then never changes; nil for all of it.
    let window: ByteRange?
    /// Whether it was made as a snapshot that nobody can write.
    let isImmutable: Bool
    /// The VMOs that it is related to.
    let family: VMOFamily

    private let childSignals = ObjectSignals(.vmoZeroChildren)
    private let state = Guarded(State(), rank: .leaf)

    /// Makes the dispatcher of a VMO that was made for itself.
    public convenience init(_ content: Content) {
        self.init(content, .root, family: VMOFamily(), parent: nil)
    }

    init(
        _ content: Content,
        _ origin: Origin,
        window: ByteRange? = nil,
        streamSize: UInt64 = 0,
        isImmutable: Bool = false,
        family: VMOFamily,
        parent: Koid?
    ) {
        self.content = content
        self.origin = origin
        self.window = window
        self.isImmutable = isImmutable
        self.family = family
        state.withLock { state in state.sliceStreamSize = streamSize }
        family.add(koid, parent: parent, signals: childSignals)
    }

    deinit {
        family.remove(koid)
    }

    /// `ZX_VMO_ZERO_CHILDREN`, and what programs like.
    public var signals: ObjectSignals? { childSignals }

    /// The name; that of the parent at first.
    public var name: ObjectName {
        get { state.withLock { state in state.name } }
        set { state.withLock { state in state.name = newValue } }
    }

    /// The byte of the content that is byte 0 here.
    public var offset: UInt64 { window?.start ?? 0 }

    /// The size in bytes, a multiple of the page size.
    ///
    /// Source: `zx_vmo_get_size`.
    public var size: UInt64 { window?.count ?? pages.size }

    /// Whether its size can change; never that of a slice, since slices of resizable VMOs are not
    /// made.
    public var isResizable: Bool { pages.isResizable }

    /// The pages, whichever kind of VMO has them.
    var pages: any VMOContent {
        switch content {
        case .paged(let vmo): vmo
        case .untracked(let vmo): vmo
        }
    }

    /// The size of the content in bytes.
    ///
    /// A slice has one of its own; a reference shares that of its parent.
    ///
    /// Source: `zx_vmo_get_stream_size`.
    public var streamSize: UInt64 {
        window == nil ? pages.streamSize : state.withLock { state in state.sliceStreamSize }
    }

    /// Changes the size of the content; what lies beyond the smaller of the old and the new one
    /// becomes zeros.
    ///
    /// - Throws: `outOfRange` above the size, what zeroing throws.
    func setStreamSize(_ bytes: UInt64) throws(Status) {
        guard let window else { return try pages.setStreamSize(bytes) }
        let old = streamSize
        guard bytes != old else { return }
        guard bytes <= window.count else { throw .outOfRange }
        try pages.zero(ByteRange(window.start + min(bytes, old), window.end))
        state.withLock { state in state.sliceStreamSize = bytes }
    }

    /// The bytes of the content behind `length` bytes from `offset` on.
    ///
    /// - Throws: `outOfRange` if they do not lie in the VMO.
    func bytes(_ offset: UInt64, _ length: UInt64) throws(Status) -> ByteRange {
        guard let range = ByteRange(offset: offset, length: length), range.end <= size else {
            throw .outOfRange
        }
        return ByteRange(self.offset + range.start, self.offset + range.end)
    }
}
