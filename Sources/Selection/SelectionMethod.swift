/// How few documents are chosen to stand for many.
public enum SelectionMethod: String, CaseIterable, Sendable {
    case random
    /// The document that says most, for its length, that the chosen do not say yet, again and again (feature-based submodular
    /// functions, Wei, Liu, Kirchhoff & Bilmes 2014, doi 10.1109/ICASSP.2014.6854213).
    case coverage
    /// The document farthest from all chosen so far, again and again, beginning in the middle (Sener & Savarese 2018, arXiv
    /// 1708.00489): the chosen leave no document far from them.
    case kCenter = "k_center"
    /// The document that moves the mean of the chosen closest to the mean of all (Welling 2009).
    case herding
    /// Where the model is more certain of the text than a small one by most: ln p_model − ln p_small, the mean over targets
    /// (MiniPLM, arXiv 2410.17215): neither what anybody knows nor what nobody can.
    case difference
    /// Whose gradient points most nearly where that of a target text points (LESS, arXiv 2402.04333).
    case gradient

    /// Whether a model is asked.
    public var asksModel: Bool { self != .random && self != .coverage }
    /// Whether the model is compared with a smaller one.
    public var asksSmallModel: Bool { self == .difference }
    /// Whether documents are compared with a target text.
    public var asksTarget: Bool { self == .gradient }
}
