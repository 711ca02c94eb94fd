// FuseServer speaks of names, attributes and times in Storage's types; it needs no other door to
// them than this module.
@_exported public import Storage
