// Commits, and how requests are counted: the rows of section 5.9 of the conformance list about
// them, named as there.
//
// Goal: a request is done when as much is resolved as it asked for, and not before. Method: answers
// in pieces, too many, too large and overtaken by a resize, and each time who still waits.

import Support
import Testing

@testable import VMCore

@Suite("Commits")
struct PagerCommitTests {
    @Test("SimpleCommitTest")
    func simpleCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 555)
            let thread = vmo.startCommit(0, 555)
            pager.expectRead(vmo, 0, 555)
            try pager.supply(vmo, 0, 555)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 555)
            #expect(try vmo.holdsPattern(0, 555))
        }
    }

    @Test("SplitCommitTest")
    func splitCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            try pager.supply(vmo, 16)
            let thread = vmo.startCommit(0, 32)
            pager.expectRead(vmo, 0, 16)
            try pager.supply(vmo, 0, 15)
            #expect(try vmo.blockedThreads == 1)
            pager.expectNoRequests()
            try pager.supply(vmo, 15)
            pager.expectRead(vmo, 17, 15)
            try pager.supply(vmo, 17, 15)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 32)
        }
    }

    @Test("OverlapCommitTest")
    func overlapCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let inner = vmo.startCommit(8, 16)
            pager.expectRead(vmo, 8, 16)
            let outer = vmo.startCommit(0, 32)
            pager.expectRead(vmo, 0, 8)
            try pager.supply(vmo, 0, 24)
            #expect(inner.wait() == nil)
            pager.expectRead(vmo, 24, 8)
            try pager.supply(vmo, 24, 8)
            #expect(outer.wait() == nil)
        }
    }

    @Test("MultisupplyCommitTest")
    func multisupplyCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 32)
            let thread = vmo.startCommit(0, 32)
            pager.expectRead(vmo, 0, 32)
            for page: UInt64 in 0..<32 {
                #expect(try vmo.blockedThreads == 1)
                try pager.supply(vmo, page)
            }
            #expect(thread.wait() == nil)
        }
    }

    @Test("MulticommitSupplyTest")
    func multicommitSupplyTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 5)
            var threads: [TestThread] = []
            for page: UInt64 in 0..<5 {
                threads.append(vmo.startCommit(page))
                pager.expectRead(vmo, page)
            }
            try pager.supply(vmo, 0, 5)
            for thread in threads { #expect(thread.wait() == nil) }
        }
    }

    @Test("CommitRedundantSupply")
    func commitRedundantSupply() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 8)
            let thread = vmo.startCommit(0, 8)
            pager.expectRead(vmo, 0, 8)
            for count: UInt64 in 1..<8 {
                try pager.supply(vmo, 0, count)
                try pager.supply(vmo, 0, count)
                #expect(try vmo.blockedThreads == 1)
            }
            try pager.supply(vmo, 0, 8)
            #expect(thread.wait() == nil)
            #expect(try vmo.holdsPattern(0, 8))
        }
    }

    @Test("ResizeCommitTest")
    func resizeCommitTest() throws {
        try withPager { pager in
            let vmo = try pager.makeVMO(pages: 3)
            let thread = vmo.startCommit(0, 3)
            pager.expectRead(vmo, 0, 3)
            try pager.supply(vmo, 2)
            try vmo.resize(1)
            #expect(try vmo.blockedThreads == 1, "the present page was not missing any more")
            #expect(throws: Status.outOfRange) { try pager.supply(vmo, 0, 3) }
            #expect(try vmo.blockedThreads == 1)
            try pager.supply(vmo, 0)
            #expect(thread.wait() == nil)
            #expect(try vmo.committedPages == 1)
        }
    }
}
