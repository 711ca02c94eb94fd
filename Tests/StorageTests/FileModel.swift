import TestSupport

/// What a file should hold after any number of actions.
struct FileModel {
    /// One change of a file.
    enum Action {
        /// Pieces of a source one after the other.
        case write(at: Int, pieces: [Range<Int>])
        case zero(Range<Int>)
        case resize(Int)
    }

    private static let bytesMax = 4 << 20
    private(set) var bytes: [UInt8] = []

    mutating func write(_ new: [UInt8], at offset: Int) {
        if new.isEmpty { return }
        resize(max(bytes.count, offset + new.count))
        bytes.replaceSubrange(offset..<offset + new.count, with: new)
    }

    mutating func zero(_ range: Range<Int>) {
        for index in range.clamped(to: 0..<bytes.count) { bytes[index] = 0 }
    }

    mutating func resize(_ size: Int) {
        if size < bytes.count { bytes.removeLast(bytes.count - size) }
        bytes += [UInt8](repeating: 0, count: size - bytes.count)
    }

    /// An action, half of them page aligned as the pager's are, some large enough for O_DIRECT.
    func randomAction(_ random: inout SeededGenerator, sourceBytes: Int) -> Action {
        let unit = Bool.random(using: &random) ? 4096 : 1
        func number(upTo limit: Int) -> Int {
            Int.random(in: 0...limit / unit, using: &random) * unit
        }
        let offset = number(upTo: Self.bytesMax / 2)
        switch Int.random(in: 0..<10, using: &random) {
        case 0: return .resize(number(upTo: Self.bytesMax))
        case 1, 2, 3: return .zero(offset..<offset + number(upTo: 1 << 20))
        default:
            var pieces: [Range<Int>] = []
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                let start = number(upTo: sourceBytes / 2)
                pieces.append(start..<start + number(upTo: 400_000))
            }
            // The last may end anywhere.
            if let last = pieces.popLast(), !last.isEmpty {
                pieces.append(last.dropLast(Bool.random(using: &random) ? 1 : 0))
            }
            return .write(at: offset, pieces: pieces)
        }
    }
}
