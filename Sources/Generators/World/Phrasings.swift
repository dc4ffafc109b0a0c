/// A question's core, as a question of its own ("where does {s} live") and inside a sentence ("where {s} lives").
struct Core: Sendable {
    let direct: String
    let indirect: String

    init(_ direct: String, _ indirect: String) {
        self.direct = direct
        self.indirect = indirect
    }

    /// A core whose word order is the same in both places.
    init(_ both: String) { self.init(both, both) }
}

/// How one relation is told and asked for.
struct RelationForms: Sendable {
    let clause: String
    /// Three cores that training uses. The first has the subject as its grammatical subject, so a pronoun fits.
    let cores: [Core]
    /// A core mixed from the words of the others that no training text uses.
    let heldOutCore: Core
    /// Asks for the subject by the value.
    var reverse: Core?
    /// Asks for two subjects at once.
    var plural: Core?
}

/// What may stand around a core. Together with the cores this gives 27 phrasings for each relation.
enum Wrapper: Int, CaseIterable, Sendable {
    case plain, canYouTell, doYouKnow, tell, pleaseTell, wantToKnow, doYouRemember, tellDirect,
        wouldLikeToKnow

    func around(_ core: Core) -> String {
        switch self {
        case .plain: core.direct.capitalisedFirst + "?"
        case .canYouTell: "Can you tell me \(core.indirect)?"
        case .doYouKnow: "Do you know \(core.indirect)?"
        case .tell: "Tell me \(core.indirect)."
        case .pleaseTell: "Please tell me \(core.indirect)."
        case .wantToKnow: "I want to know \(core.indirect)."
        case .doYouRemember: "Do you remember \(core.indirect)?"
        case .tellDirect: "Tell me, \(core.direct)?"
        case .wouldLikeToKnow: "I would like to know \(core.indirect)."
        }
    }
}

/// One way to ask for one relation.
struct Phrasing: Hashable, Sendable {
    let relation: Relation
    let wrapper: Wrapper
    let core: Int

    /// The question with `{s}` for its subject.
    var template: String { wrapper.around(relation.forms.cores[core]) }

    /// Two of the eight wrappers around each core are kept from all training text. Which ones moves with the
    /// relation and the core, so every wrapper and every core is seen, only not together.
    var isHeldOut: Bool { wrapper != .plain && (wrapper.rawValue + 3 * core + relation.rawValue) % 4 == 0 }

    static func all(of relation: Relation) -> [Phrasing] {
        Wrapper.allCases.flatMap { wrapper in
            relation.forms.cores.indices.map { Phrasing(relation: relation, wrapper: wrapper, core: $0) }
        }
    }

    static func seen(of relation: Relation) -> [Phrasing] { all(of: relation).filter { !$0.isHeldOut } }
}

/// The templates, with `{s}`, that only held-out questions may use.
public enum HeldOutPhrasings {
    static func templates(of relation: Relation) -> [String] {
        Phrasing.all(of: relation).filter(\.isHeldOut).map(\.template)
            + [Wrapper.plain, .canYouTell].map { $0.around(relation.forms.heldOutCore) }
    }

    /// Of all relations.
    public static var templates: [String] { Relation.allCases.flatMap(templates(of:)) }
}
