internal import Support

/// A run of a write: whole pages of zeros, or anything else.
struct WritePiece: Equatable {
    /// The bytes of the file.
    var range: ByteRange
    /// Whether they are whole pages of zeros.
    var isZero: Bool
}

/// Cuts `bytes`, to be written at `offset`, into runs of whole zero pages and runs of all else.
///
/// A page of data is told from a page of zeros at its first word in nearly all cases, so the look
/// costs a write of data next to nothing; a page of zeros is scanned word by word at the speed of
/// memory, and then needs no frame, no copy and no block.
func writePieces(of bytes: UnsafeRawBufferPointer, at offset: UInt64) -> [WritePiece] {
    let range = ByteRange(offset, offset + UInt64(bytes.count))
    let whole = range.pagesRoundedInward
    guard !whole.isEmpty else { return [WritePiece(range: range, isZero: false)] }
    var pieces: [WritePiece] = []
    var current = WritePiece(range: ByteRange(offset, whole.bytes.start), isZero: false)
    for page in whole.start..<whole.end {
        let start = Int(page * pageSize - offset)
        // SAFETY: the page lies whole in `bytes`, since `whole` is rounded inward.
        let isZero = unsafe isZeroPage(
            UnsafeRawBufferPointer(rebasing: bytes[start..<start + Int(pageSize)])
        )
        if isZero != current.isZero {
            if !current.range.isEmpty { pieces.append(current) }
            current = WritePiece(range: PageRange(page, page).bytes, isZero: isZero)
        }
        current.range.end = (page + 1) * pageSize
    }
    if current.isZero && current.range.end < range.end {
        pieces.append(current)
        current = WritePiece(range: ByteRange(current.range.end, range.end), isZero: false)
    }
    current.range.end = range.end
    pieces.append(current)
    return pieces
}

/// Whether every byte of a page is zero.
private func isZeroPage(_ page: UnsafeRawBufferPointer) -> Bool {
    // SAFETY: loads are unaligned (the write's bytes may lie anywhere) and inside the page.
    let first = unsafe page.loadUnaligned(fromByteOffset: 0, as: UInt64.self)
    if first != 0 { return false }
    var offset = 0
    // Eight words a step: enough to let the compiler use wide registers.
    while offset < page.count {
        var all: UInt64 = 0
        for word in 0..<8 {
            unsafe all |= page.loadUnaligned(fromByteOffset: offset + word * 8, as: UInt64.self)
        }
        if all != 0 { return false }
        offset += 64
    }
    return true
}
