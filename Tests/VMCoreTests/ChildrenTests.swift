// Slices, references and clones made through handles: which error wins, which rights the handle
// gets, what the child shows, and what is known of the family. Named after the tests of Zircon's
// pager-writeback.cc and pager.cc where there is one.

import Support
import Testing

@testable import VMCore

@Suite("Children of VMOs")
struct ChildrenTests {
    private let fixture: VMOFixture
    private let table: HandleTable
    private let pages = PageRange(0, 8)

    init() throws {
        fixture = try VMOFixture()
        table = fixture.table
    }

    private func status(
        _ parent: Handle,
        _ options: VMOChildOptions,
        offset: UInt64 = 0,
        size: UInt64 = 0
    ) -> Status? {
        do throws(Status) {
            _ = try table.vmoCreateChild(
                parent,
                options: options.rawValue,
                offset: offset,
                size: size
            )
            return nil
        } catch {
            return error
        }
    }

    @Test("create_child: the size, the options, the handle, its rights, in this order")
    func precedence() throws {
        let tooLarge = VirtualMemoryObject.sizeMax + 1
        let noRead = try fixture.restricted(fixture.root, [.duplicate, .write])
        let noDuplicate = try fixture.restricted(fixture.root, [.read, .write])
        #expect(status(.invalid, [.noWrite, .resizable], size: tooLarge) == .outOfRange)
        #expect(status(.invalid, [.noWrite, .resizable, .snapshot]) == .invalidArgs)
        #expect(status(.invalid, []) == .badHandle)
        #expect(status(fixture.pager, []) == .wrongType)
        #expect(status(noRead, []) == .accessDenied)
        #expect(status(noDuplicate, []) == .accessDenied)
    }

    @Test("create_child: a kind alone, and its own options")
    func options() throws {
        let root = fixture.root
        let unknown = VMOChildOptions(rawValue: 1 << 9)
        let executable = VMOChildOptions(rawValue: 1 << 1)
        let wrong: [VMOChildOptions] = [
            [], .resizable, .noWrite, unknown, [.snapshotAtLeastOnWrite, unknown],
            [.snapshotAtLeastOnWrite, executable], [.snapshot, .snapshotModified],
            [.snapshotAtLeastOnWrite, .snapshotModified], [.slice, .reference],
            [.slice, .resizable], [.reference, .snapshot], [.reference, unknown],
        ]
        for options in wrong { #expect(status(root, options) == .invalidArgs, "\(options)") }
        let kinds: [VMOChildOptions] = [.snapshotAtLeastOnWrite, .snapshotModified]
        for kind in kinds {
            #expect(status(root, kind, offset: 1, size: pageSize) == .invalidArgs)
            #expect(status(root, kind, offset: pageSize, size: 0 &- pageSize / 2) == .outOfRange)
            #expect(status(root, kind, offset: 0 &- pageSize, size: pageSize) == .invalidArgs)
            #expect(status(root, kind, offset: 100 * pageSize, size: 1) == nil)
        }
        #expect(status(root, .snapshot, offset: 1) == .invalidArgs)
        #expect(status(root, .snapshot) == .notSupported)
        let clone = try fixture.child(root, .snapshotModified, pages)
        #expect(status(clone, .snapshot) == .notSupported)
        let last = 0 &- pageSize
        #expect(status(clone, .snapshotModified, offset: last, size: pageSize) == .invalidArgs)
    }

    @Test("slices lie inside a VMO that is not resizable, and nest")
    func sliceChecks() throws {
        for parent in [fixture.fixed, fixture.memory] {
            #expect(status(parent, .slice, offset: 1, size: pageSize) == .invalidArgs)
            let size = 7 * pageSize + 1
            #expect(status(parent, .slice, offset: pageSize, size: size) == .invalidArgs)
            #expect(status(parent, .slice, offset: 0 &- pageSize, size: pageSize) == .invalidArgs)
            #expect(status(parent, .slice, offset: 8 * pageSize) == nil)
            let slice = try table.vmoCreateChild(
                parent,
                options: VMOChildOptions.slice.rawValue,
                offset: 2 * pageSize,
                size: 3 * pageSize + 1
            )
            #expect(try table.vmoGetSize(slice) == 4 * pageSize)
            #expect(try table.vmoGetStreamSize(slice) == 3 * pageSize + 1)
            #expect(status(slice, .slice, offset: pageSize, size: 4 * pageSize) == .invalidArgs)
            let inner = try fixture.child(slice, .slice, PageRange(1, 3))
            try fixture.fill(inner, PageRange(0, 1), with: 9)
            #expect(try fixture.firstWords(parent, PageRange(3, 4)) == [word(9)])
            #expect(status(slice, .reference) == .notSupported)
        }
        #expect(status(fixture.root, .slice, size: 9 * pageSize) == .invalidArgs)
        #expect(status(fixture.root, .slice, size: pageSize) == .notSupported)
    }

    @Test("references share everything; only a handle made resizable may resize")
    func references() throws {
        #expect(status(fixture.root, .reference, offset: pageSize) == .invalidArgs)
        #expect(status(fixture.root, .reference, size: 1) == .invalidArgs)
        #expect(status(fixture.fixed, [.reference, .resizable]) == .notSupported)
        for parent in [fixture.root, try table.vmoCreate(size: 8 * pageSize, options: 2)] {
            let reference = try fixture.child(parent, .reference)
            let resizable = try fixture.child(parent, [.reference, .resizable])
            let second = try fixture.child(reference, .reference)
            try fixture.fill(second, PageRange(1, 2), with: 7)
            #expect(try fixture.firstWords(parent, PageRange(1, 2)) == [word(7)])
            #expect(try fixture.info(reference).flags.contains(.resizable))
            #expect(throws: Status.accessDenied) { try table.vmoSetSize(reference, 0) }
            try table.vmoSetSize(resizable, 2 * pageSize - 1)
            for handle in [parent, reference, second] {
                #expect(try table.vmoGetSize(handle) == 2 * pageSize)
                #expect(try table.vmoGetStreamSize(handle) == 2 * pageSize - 1)
            }
            try table.vmoSetStreamSize(reference, 5)
            #expect(try table.vmoGetStreamSize(parent) == 5)
        }
    }

    @Test("the rights of a child are its parent's, but for resize, write and execute")
    func childRights() throws {
        let full: Rights = [.vmoDefault, .resize, .execute]
        let parent = try fixture.restricted(fixture.root, full)
        let reader = try fixture.restricted(fixture.root, [.duplicate, .read, .execute])
        let fixed = try fixture.restricted(fixture.fixed, [.duplicate, .read, .execute])
        let cases: [(Handle, VMOChildOptions, Rights)] = [
            (parent, .snapshotAtLeastOnWrite, .vmoDefault),
            (parent, [.snapshotModified, .resizable], [.vmoDefault, .resize]),
            (
                parent, [.snapshotAtLeastOnWrite, .noWrite],
                full.subtracting([.resize, .write])
            ),
            (parent, .reference, full.subtracting(.resize)),
            (parent, [.reference, .resizable], full),
            (parent, [.reference, .noWrite], full.subtracting([.resize, .write])),
            (
                reader, .snapshotModified,
                [.duplicate, .read, .write, .getProperty, .setProperty]
            ),
            (
                reader, [.snapshotModified, .noWrite],
                [.duplicate, .read, .execute, .getProperty, .setProperty]
            ),
            (fixed, .slice, [.duplicate, .read, .execute, .getProperty, .setProperty]),
        ]
        for (parent, options, rights) in cases {
            let child = try fixture.child(parent, options)
            #expect(try fixture.rights(child) == rights, "\(options)")
        }
    }

    @Test("a child gets its parent's name, unless the handle may not read it")
    func names() throws {
        try table.setName(fixture.fixed, ObjectName("parent"))
        let options: [VMOChildOptions] = [.slice, .reference, .snapshotModified]
        let mute = try fixture.restricted(fixture.fixed, [.duplicate, .read])
        for options in options {
            let child = try fixture.child(fixture.fixed, options)
            #expect(try table.name(child) == ObjectName("parent"))
            try table.setName(child, ObjectName("child"))
            #expect(try fixture.info(child).name == ObjectName("child"))
            #expect(try table.name(try fixture.child(mute, options)) == ObjectName(""))
        }
        #expect(try table.name(fixture.fixed) == ObjectName("parent"))
    }

    @Test("info says what a VMO is and who its parent and children are")
    func info() throws {
        let root = try fixture.info(fixture.root)
        #expect(root.flags == [.paged, .viaHandle, .resizable, .pagerBacked])
        #expect(root.parentKoid == .invalid)
        let memory = try fixture.info(fixture.memory)
        #expect(memory.flags == [.paged, .viaHandle])
        let slice = try fixture.child(fixture.fixed, .slice, PageRange(0, 2))
        let clone = try fixture.child(slice, .snapshotAtLeastOnWrite, PageRange(0, 2))
        let snapshot = try fixture.child(fixture.memory, [.snapshot, .noWrite], pages)
        #expect(try fixture.info(slice).flags == [.paged, .viaHandle, .pagerBacked])
        #expect(try fixture.info(clone).flags == [.paged, .viaHandle, .pagerBacked, .clone])
        #expect(try fixture.info(snapshot).flags == [.paged, .viaHandle, .clone, .immutable])
        #expect(try fixture.info(clone).parentKoid == fixture.info(slice).koid)
        try fixture.fill(slice, PageRange(0, 2), with: 1)
        try fixture.fill(clone, PageRange(0, 1), with: 1)
        #expect(try fixture.info(fixture.fixed).committedBytes == 2 * pageSize)
        #expect(try fixture.info(slice).committedBytes == 0)
        #expect(try fixture.info(clone).committedBytes == pageSize)
        #expect(try fixture.info(slice).handleRights == fixture.rights(slice))
        #expect(throws: Status.badHandle) { _ = try fixture.info(.invalid) }
        #expect(throws: Status.wrongType) { _ = try fixture.info(fixture.pager) }
    }

    @Test("children of a VMO that goes become its parent's, and zero children is a signal")
    func family() throws {
        let parent = fixture.fixed
        func signals(_ handle: Handle) throws -> Signals? {
            try table.object(handle, VMODispatcher.self, rights: []).signals?.active
        }
        let middle = try fixture.child(parent, .slice, pages)
        let children = [
            try fixture.child(middle, .slice, PageRange(0, 1)),
            try fixture.child(middle, .snapshotModified, PageRange(0, 1)),
        ]
        let other = try table.duplicate(children[0], rights: .sameRights)
        #expect(try fixture.info(parent).childCount == 1)
        #expect(try fixture.info(middle).childCount == 2)
        #expect(try signals(parent) == [])
        #expect(try signals(children[0]) == .vmoZeroChildren)
        try table.close(middle)
        #expect(try fixture.info(parent).childCount == 2)
        for child in children {
            #expect(try fixture.info(child).parentKoid == fixture.info(parent).koid)
        }
        try table.close(children[0])
        #expect(try fixture.info(parent).childCount == 2)
        try table.close(other)
        #expect(try fixture.info(parent).childCount == 1)
        try table.close(children[1])
        #expect(try fixture.info(parent).childCount == 0)
        #expect(try signals(parent) == .vmoZeroChildren)
        let orphan = try fixture.child(parent, .slice, PageRange(2, 3))
        try table.close(parent)
        #expect(try fixture.info(orphan).parentKoid == .invalid)
        #expect(try fixture.firstWords(orphan, PageRange(0, 1)) == [fixture.pattern(2)])
    }
}
