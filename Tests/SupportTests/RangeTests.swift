import Support
import Testing

// Byte and page ranges: every pair of small ranges against sets of numbers, and the ends of the
// number line, where arithmetic could overflow.
struct RangeTests {
    private let small: [(UInt64, UInt64)] = (0...6 as ClosedRange<UInt64>).flatMap { start in
        (start...6).map { (start, $0) }
    }

    @Test("clamping keeps the common numbers, for every pair of small ranges")
    func clamping() {
        for (start, end) in small {
            for (low, high) in small {
                let common = Set(start..<end).intersection(low..<high)
                let bytes = ByteRange(start, end).clamped(to: ByteRange(low, high))
                #expect(Set(bytes.start..<bytes.end) == common)
                #expect(bytes.start >= low && bytes.end <= high)
                let pages = PageRange(start, end).clamped(to: PageRange(low, high))
                #expect(Set(pages.start..<pages.end) == common)
                #expect(pages.start >= low && pages.end <= high)
                if start < end, low < high {
                    #expect(PageRange(start, end).overlaps(PageRange(low, high)) == !common.isEmpty)
                }
            }
        }
    }

    @Test("an empty range overlaps nothing that begins or ends at it")
    func emptyOverlap() {
        #expect(!PageRange(3, 3).overlaps(PageRange(3, 5)))
        #expect(!PageRange(3, 3).overlaps(PageRange(1, 3)))
        #expect(PageRange(3, 3).isEmpty && ByteRange(3, 3).isEmpty)
    }

    @Test("a page lies in a range or not")
    func contains() {
        for (start, end) in small {
            for page in 0...7 as ClosedRange<UInt64> {
                #expect(PageRange(start, end).contains(page) == (start..<end).contains(page))
            }
        }
    }

    @Test(
        "bytes are rounded to pages outward and inward",
        arguments: [
            (0, 0, 0, 0, 0, 0),
            (0, 1, 0, 1, 0, 0),
            (0, 4096, 0, 1, 0, 1),
            (1, 4096, 0, 1, 1, 1),
            (1, 4097, 0, 2, 1, 1),
            (4095, 12289, 0, 4, 1, 3),
            (4096, 8192, 1, 2, 1, 2),
            (5000, 6000, 1, 2, 2, 2),
            (4096, 4096, 1, 1, 1, 1),
        ] as [(UInt64, UInt64, UInt64, UInt64, UInt64, UInt64)]
    )
    func rounding(
        start: UInt64,
        end: UInt64,
        outwardStart: UInt64,
        outwardEnd: UInt64,
        inwardStart: UInt64,
        inwardEnd: UInt64
    ) {
        let range = ByteRange(start, end)
        #expect(range.pagesRoundedOutward == PageRange(outwardStart, outwardEnd))
        #expect(range.pagesRoundedInward == PageRange(inwardStart, inwardEnd))
    }

    @Test("the last bytes there are do not overflow")
    func ends() {
        let all = ByteRange(0, .max)
        #expect(all.count == .max)
        #expect(all.pagesRoundedOutward == PageRange(0, 1 << 52))
        #expect(all.pagesRoundedInward == PageRange(0, (1 << 52) - 1))
        #expect(pageCount(coveringBytes: .max) == 1 << 52)
        #expect(pageCount(coveringBytes: 0) == 0)
        #expect(ByteRange(offset: .max, length: 1) == nil)
        #expect(ByteRange(offset: .max, length: 0) == ByteRange(.max, .max))
        #expect(ByteRange(offset: 1, length: .max - 1) == ByteRange(1, .max))
    }

    @Test("pages and bytes are converted into each other")
    func conversion() {
        let pages = PageRange(start: 3, count: 2)
        #expect(pages.bytes == ByteRange(12288, 20480))
        #expect(pages.count == 2)
        #expect(pages.bytes.pagesRoundedInward == pages)
        #expect(pages.bytes.pagesRoundedOutward == pages)
        #expect("\(pages)" == "[3,5)")
        #expect("\(pages.bytes)" == "[12288,20480)")
    }

    @Test("a range that runs backwards is a bug and traps")
    func reversed() async {
        await #expect(processExitsWith: .failure) { _ = ByteRange(2, 1) }
        await #expect(processExitsWith: .failure) { _ = PageRange(2, 1) }
    }
}
