import Support

/// What a page holds, as a test tells it.
enum PageContent: Hashable, Sendable {
    case zeros
    /// What the pager supplies for it.
    case supplied
    /// What `TestVMO.write` writes, throughout.
    case written
    /// What `TestMapping.store` stores in the first word, and zeros.
    case storedOverZeros
    /// What `TestMapping.store` stores in the first word, and what the pager supplies.
    case storedOverSupplied
    case other

    /// The content of a page with these bytes, for which the pager supplies `supplied`.
    init(_ bytes: ArraySlice<UInt8>, supplied: [UInt8]) {
        let wordLength = MemoryLayout<UInt>.size
        let isMarked = bytes.prefix(wordLength).allSatisfy { $0 == 0xAB }
        let rest = bytes.dropFirst(wordLength)
        if bytes.elementsEqual(supplied) {
            self = .supplied
        } else if bytes.allSatisfy({ $0 == 0 }) {
            self = .zeros
        } else if bytes.allSatisfy({ $0 == 0xAB }) {
            self = .written
        } else if isMarked, rest.allSatisfy({ $0 == 0 }) {
            self = .storedOverZeros
        } else if isMarked, rest.elementsEqual(supplied.dropFirst(wordLength)) {
            self = .storedOverSupplied
        } else {
            self = .other
        }
    }
}

extension Access {
    /// What a page that held `content` holds after a write in this way.
    func written(over content: PageContent) -> PageContent {
        switch (self, content) {
        case (.calls, _): .written
        case (.mapping, .zeros), (.mapping, .storedOverZeros): .storedOverZeros
        case (.mapping, .supplied), (.mapping, .storedOverSupplied): .storedOverSupplied
        case (.mapping, .written): .written
        case (.mapping, .other): .other
        }
    }
}

extension TestVMO {
    /// What `count` pages from page `page` on hold, which can be read without a request.
    func contents(_ page: UInt64, _ count: UInt64) throws(Status) -> [PageContent] {
        contents(page, in: try readPresent(page, count))
    }

    private func contents(_ page: UInt64, in bytes: [UInt8]) -> [PageContent] {
        let length = Int(pageSize)
        return stride(from: 0, to: bytes.count, by: length).map { start in
            PageContent(
                bytes[start..<(start + length)],
                supplied: UserPager.pattern(key: key, page + UInt64(start / length), 1)
            )
        }
    }

    /// Starts a thread that reads pages, and fails with `ioDataIntegrity` if they hold anything
    /// but `contents`.
    func startRead(_ page: UInt64, expecting contents: [PageContent]) -> TestThread {
        TestThread { () throws(Status) in
            let bytes = try read(page, UInt64(contents.count))
            if self.contents(page, in: bytes) != contents { throw .ioDataIntegrity }
        }
    }
}
