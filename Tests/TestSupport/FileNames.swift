public import Storage

/// The name with these characters, which a test has made up and so must be one.
public func fileName(_ characters: String) -> FileName {
    guard let name = FileName(characters) else {
        preconditionFailure("\"\(characters)\" cannot be a file name")
    }
    return name
}
