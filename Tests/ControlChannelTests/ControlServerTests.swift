import Foundation
import Glibc
import Support
import SystemPackage
import Testing

@testable import ControlChannel

/// Client and server over a real socket; the mount behind them is scripted.
@Suite("The control channel")
struct ControlServerTests {
    private let file = FileReference(inode: 12, path: PathBytes("dir/f"))

    @Test("status, freeze and thaw reach the mount")
    func status() throws {
        let fixture = try ServerFixture()
        #expect(try fixture.client.status() == fixture.provider.status())
        try fixture.client.freeze()
        #expect(try fixture.client.status().frozen)
        try fixture.client.thaw()
        #expect(try !fixture.client.status().frozen)
    }

    @Test("a dirty query arrives in whole pages, and its report comes back")
    func dirty() throws {
        let fixture = try ServerFixture()
        let query = DirtyQuery(file: file, offset: 5000, length: 10, limit: 3)
        let report = try fixture.client.dirtyRanges(query)
        #expect(report.ranges == [.init(offset: 4096, length: 4096, options: 0)])
        #expect(report.actual == 1)
        #expect(report.avail == 2)
        let arrived = DirtyQuery(file: file, offset: 4096, length: 4096, limit: 3)
        #expect(fixture.provider.state.withLock { $0.queries } == [arrived])
    }

    @Test("an error of the mount comes back as its number and its meaning")
    func refusal() throws {
        let fixture = try ServerFixture()
        let gone = DirtyQuery(file: FileReference(inode: 1, path: PathBytes("gone")))
        let expected = ControlError.refused(
            errno: ENOENT,
            message: Errno.noSuchFileOrDirectory.description
        )
        #expect(throws: expected) { try fixture.client.dirtyRanges(gone) }
    }

    @Test("names that are not UTF-8 survive the way")
    func names() throws {
        let fixture = try ServerFixture()
        let names = try fixture.client.filesOpenForWriting(under: file)
        #expect(names == [PathBytes("dir/f/f"), PathBytes([0xFF])])
    }

    @Test("more files than fit one request are flushed in order")
    func flush() throws {
        let fixture = try ServerFixture()
        let files = (1...1000).map { FileReference(inode: $0, path: PathBytes("f\($0)")) }
        let reports = try fixture.client.flush(files)
        #expect(reports.map(\.bytes) == files.map(\.inode))
        #expect(fixture.provider.state.withLock { $0.flushed } == files)
    }

    @Test("unmount reports progress, then unmounts once nothing is left")
    func unmount() throws {
        let fixture = try ServerFixture()
        var progressCount = 0
        var process: Int32?
        let result = try fixture.client.unmount(
            timeoutMilliseconds: nil,
            onStart: { process = $0 },
            progress: { _ in progressCount += 1 }
        )
        #expect(result.isComplete)
        #expect(progressCount == 2)
        #expect(process == getpid())
        #expect(fixture.provider.state.withLock { $0.unmountCount } == 1)
    }

    @Test("a drain that leaves something behind does not unmount")
    func unmountWithErrors() throws {
        let fixture = try ServerFixture()
        let error = FileError(file: "f", error: .noSpace, offset: 0, length: 4096)
        fixture.provider.state.withLock { $0.drainErrors = [error] }
        let result = try fixture.client.unmount(
            timeoutMilliseconds: nil,
            onStart: { _ in },
            progress: { _ in }
        )
        #expect(!result.isComplete)
        #expect(result.errors == [error])
        #expect(fixture.provider.state.withLock { $0.unmountCount } == 0)
    }

    @Test("a busy mount is reported as busy")
    func unmountBusy() throws {
        let fixture = try ServerFixture()
        fixture.provider.state.withLock { $0.unmountError = .resourceBusy }
        #expect {
            try fixture.client.unmount(
                timeoutMilliseconds: nil,
                onStart: { _ in },
                progress: { _ in }
            )
        } throws: { error in
            guard case ControlError.refused(EBUSY, _) = error else { return false }
            return true
        }
    }

    @Test("a drain that takes longer than the timeout is stopped")
    func unmountTimeout() throws {
        let fixture = try ServerFixture()
        fixture.provider.state.withLock { state in
            state.drainSteps = -1
            state.remaining = DrainProgress(remainingBytes: 1, remainingFiles: 1)
        }
        let result = try fixture.client.unmount(
            timeoutMilliseconds: 20,
            onStart: { _ in },
            progress: { _ in }
        )
        #expect(result.remaining.remainingBytes == 1)
        #expect(fixture.provider.state.withLock { $0.unmountCount } == 0)
    }

    @Test("a client that goes away stops its drain, and nothing is unmounted")
    func unmountInterrupted() throws {
        let fixture = try ServerFixture()
        fixture.provider.state.withLock { $0.drainSteps = -1 }
        try fixture.withRawConnection { connection in
            try connection.send(Array(#"{"protocol":1,"request":{"unmount":{}}}"#.utf8) + [10])
            #expect(try connection.nextReply() != nil)
        }
        let soon = MonotonicClock().now + 20_000_000_000
        let hasStopped = fixture.provider.state.wait(until: soon) { $0.isDraining ? nil : true }
        #expect(hasStopped == true)
        #expect(fixture.provider.state.withLock { $0.unmountCount } == 0)
    }

    @Test("a trace brings an empty batch first and then every event")
    func trace() throws {
        let fixture = try ServerFixture()
        var received: [TraceRecord] = []
        try fixture.client.trace { records in
            if records.isEmpty {
                for offset in UInt64(0)..<5 {
                    fixture.provider.traceRing.emit(
                        PageEvent(.supply, file: "f", offset: offset, length: 1)
                    )
                }
            }
            received += records
            return received.count < 5
        }
        #expect(received.map(\.offset) == [0, 1, 2, 3, 4])
        #expect(received.allSatisfy { $0.event == "supply" && $0.file == "f" })
    }

    @Test("a reader that is too slow is told how many events it lost")
    func traceDrops() throws {
        let fixture = try ServerFixture()
        let subscription = fixture.provider.traceRing.subscribe()
        for _ in 0..<200 {
            fixture.provider.traceRing.emit(PageEvent(.evict, file: "", offset: 0, length: 1))
        }
        let batch = try #require(subscription.next())
        let record = TraceRecord(dropped: batch.droppedBefore, time: 9)
        #expect(try jsonText(record).contains(#""count":72,"event":"dropped""#))
        #expect(fixture.provider.status().traceDropped == 0)
        #expect(fixture.provider.traceRing.droppedEvents == 72)
    }

    @Test("stopping ends traces, refuses newcomers, and removes the socket")
    func stop() throws {
        let fixture = try ServerFixture()
        try fixture.client.trace { _ in
            fixture.server.stop(waitingSeconds: 0)
            return true
        }
        fixture.server.stop()
        #expect(fixture.directory.inode(of: socketName(of: ServerFixture.device)) == nil)
        #expect(throws: (any Error).self) { try fixture.client.status() }
    }

    @Test("only the user of the mount and root may ask")
    func authorization() {
        #expect(ControlSession.mayAsk(1000, owner: 1000))
        #expect(ControlSession.mayAsk(0, owner: 1000))
        #expect(!ControlSession.mayAsk(1001, owner: 1000))
        #expect(!ControlSession.mayAsk(1000, owner: 0))
    }

    @Test("a connection knows the process and the user at its other end")
    func peerCredentials() throws {
        let fixture = try ServerFixture()
        #expect(try fixture.client.daemonProcess() == getpid())
        let socket = try connectSocket(
            to: socketName(of: ServerFixture.device),
            in: fixture.directory
        )
        defer { try? socket.close() }
        #expect(try LineConnection(socket).peerCredentials().user == geteuid())
    }
}
