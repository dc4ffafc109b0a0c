/// What the sections of one document share while they are read: the problems found so far, and whatever the
/// application's keys need to know of each other.
package protocol SchemaContext: AnyObject {
    /// What keys name outside the document.
    associatedtype Input: NamedInput

    /// The context in which a schema is read for its documentation: no files are looked at.
    init()

    var problems: Problems { get }

    /// Names that keys had before.
    static var formerNames: FormerNames { get }
}

extension SchemaContext {
    package static var formerNames: FormerNames { [:] }
}

/// A mapping with keys of its own.
///
/// Its initializer is its schema: each call of `value` or `optional` declares one key with its type, default and
/// documentation, and reads it. The key reference and the starter recipe come from running the same initializer on an
/// empty mapping and looking at what it declared.
package protocol SchemaSection {
    associatedtype Context: SchemaContext

    init(_ section: Section<Context>)
}
