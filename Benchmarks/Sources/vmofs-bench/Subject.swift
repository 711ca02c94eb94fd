import Foundation

/// A file system under measurement: a directory, and how it is mounted and emptied of dirty data.
struct Subject {
    let name: String
    /// Where the workloads work.
    let directory: String
    /// Command lines; empty where there is nothing to do.
    var mount: [String] = []
    var unmount: [String] = []
    var flush: [String] = []

    /// Makes the directory usable.
    func start() throws { try Command.run(mount) }

    /// Takes the directory down again; its files stay in the directory underneath.
    func stop() throws { try Command.run(unmount) }

    /// Waits until nothing of this subject is left to be written, so that the next one is not
    /// charged for it.
    func settle() throws {
        try Command.run(flush)
        sync()
    }
}
