/// Where a node was found: a name in a directory.
///
/// It is kept up to date by renames through the store, and may lead nowhere, or to another object,
/// after changes from outside.
struct NodePlace: Sendable {
    let name: FileName
    let directory: StoreNode
}
