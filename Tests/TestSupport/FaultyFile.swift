public import Storage
public import Support
public import SystemPackage

/// A backing file that fails, waits and counts as a test tells it, and otherwise does what the
/// file behind it does.
public final class FaultyFile: BackingFile {
    /// The calls that can be made to fail and wait, and that are counted.
    public enum Operation: Sendable, Hashable, CaseIterable {
        /// `read`.
        case read
        /// `write`.
        case write
        /// `makeZero`.
        case makeZero
        /// `setSize`.
        case setSize
        /// `allocate`.
        case allocate
        /// `sync`.
        case sync
        /// `holeStart`.
        case holeStart
    }

    /// Called before an operation; it may block, and so force an interleaving.
    public typealias Gate = @Sendable (_ range: ByteRange) -> Void

    private struct State {
        var scripts: [Operation: [Errno?]] = [:]
        var lasting: [Operation: Errno] = [:]
        var gates: [Operation: Gate] = [:]
        var calls: [Operation: Int] = [:]
        var bytes: [Operation: UInt64] = [:]
    }

    /// The file behind.
    public let base: any BackingFile
    private let state = Guarded(State(), rank: .leaf)

    /// Puts itself before `base`, without any faults yet.
    public init(_ base: any BackingFile) {
        self.base = base
    }

    /// The limit of the file behind.
    public var sizeMax: UInt64 { base.sizeMax }

    /// Makes the next calls of `operation` end as the list says, nil standing for success.
    ///
    /// Comes after what is scripted already. A failing call does nothing to the file behind.
    public func script(_ operation: Operation, _ outcomes: [Errno?]) {
        state.withLock { $0.scripts[operation, default: []] += outcomes }
    }

    /// Makes every call of `operation` fail whose outcome is not scripted; nil ends that.
    public func failAlways(_ operation: Operation, with error: Errno?) {
        state.withLock { $0.lasting[operation] = error }
    }

    /// Has `gate` called before each call of `operation`, without any lock held; nil ends that.
    public func setGate(_ operation: Operation, _ gate: Gate?) {
        state.withLock { $0.gates[operation] = gate }
    }

    /// The calls of `operation` so far, the failed ones included.
    public func calls(_ operation: Operation) -> Int {
        state.withLock { $0.calls[operation, default: 0] }
    }

    /// The bytes of the calls of `operation` that succeeded so far.
    public func bytes(_ operation: Operation) -> UInt64 {
        state.withLock { $0.bytes[operation, default: 0] }
    }

    private func perform<Result>(
        _ operation: Operation,
        _ range: ByteRange,
        _ body: () throws(Errno) -> Result
    ) throws(Errno) -> Result {
        let (gate, failure) = state.withLock { state -> (Gate?, Errno?) in
            state.calls[operation, default: 0] += 1
            var failure = state.lasting[operation]
            if let scripted = state.scripts[operation], !scripted.isEmpty {
                failure = state.scripts[operation]?.removeFirst()
            }
            return (state.gates[operation], failure)
        }
        gate?(range)
        if let failure { throw failure }
        let result = try body()
        state.withLock { $0.bytes[operation, default: 0] += range.count }
        return result
    }
}

extension FaultyFile {
    /// That of the file behind.
    public var writeRefusal: Errno? { base.writeRefusal }

    /// Counts the bytes asked for.
    public func read(
        at offset: UInt64,
        into buffers: [UnsafeMutableRawBufferPointer]
    ) throws(Errno) -> Int {
        let length = unsafe buffers.reduce(0) { $0 + $1.count }
        return try perform(.read, Self.range(offset, length)) { () throws(Errno) in
            try unsafe base.read(at: offset, into: buffers)
        }
    }

    /// Counts the bytes written.
    public func write(at offset: UInt64, from buffers: [UnsafeRawBufferPointer]) throws(Errno) {
        let length = unsafe buffers.reduce(0) { $0 + $1.count }
        try perform(.write, Self.range(offset, length)) { () throws(Errno) in
            try unsafe base.write(at: offset, from: buffers)
        }
    }

    /// Counts the bytes of the range.
    public func makeZero(_ range: ByteRange) throws(Errno) -> (punched: UInt64, written: UInt64) {
        try perform(.makeZero, range) { () throws(Errno) in try base.makeZero(range) }
    }

    /// Counts nothing but the call.
    public func setSize(_ size: UInt64) throws(Errno) {
        try perform(.setSize, ByteRange(size, size)) { () throws(Errno) in
            try base.setSize(size)
        }
    }

    /// Counts the bytes of the range.
    public func allocate(_ range: ByteRange, keepSize: Bool) throws(Errno) {
        try perform(.allocate, range) { () throws(Errno) in
            try base.allocate(range, keepSize: keepSize)
        }
    }

    /// Counts nothing but the call.
    public func sync(dataOnly: Bool) throws(Errno) {
        try perform(.sync, ByteRange(0, 0)) { () throws(Errno) in
            try base.sync(dataOnly: dataOnly)
        }
    }

    /// That of the file behind.
    public func dataStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64? {
        try base.dataStart(atOrAfter: offset)
    }

    /// Counts nothing but the call.
    public func holeStart(atOrAfter offset: UInt64) throws(Errno) -> UInt64 {
        try perform(.holeStart, ByteRange(offset, offset)) { () throws(Errno) in
            try base.holeStart(atOrAfter: offset)
        }
    }

    /// Those of the file behind.
    public func attributes() throws(Errno) -> FileAttributes {
        try base.attributes()
    }

    /// Sets those of the file behind.
    public func setTimes(
        access: FileTimeChange,
        modification: FileTimeChange
    ) throws(Errno) {
        try base.setTimes(access: access, modification: modification)
    }

    /// Copies between the files behind; it cannot be made to fail.
    public func copy(
        _ range: ByteRange,
        to destination: any BackingFile,
        at offset: UInt64
    ) throws(Errno) -> UInt64 {
        let target = (destination as? FaultyFile)?.base ?? destination
        return try base.copy(range, to: target, at: offset)
    }

    private static func range(_ offset: UInt64, _ length: Int) -> ByteRange {
        ByteRange(offset: offset, length: UInt64(length)) ?? ByteRange(offset, .max)
    }
}
