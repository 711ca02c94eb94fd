/// An `O_PATH` descriptor that stays open as long as anybody uses it.
final class SharedDescriptor: Sendable {
    let descriptor: OwnedFileDescriptor

    init(_ descriptor: consuming OwnedFileDescriptor) {
        self.descriptor = descriptor
    }
}
