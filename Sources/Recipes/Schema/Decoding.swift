import Foundation
import Tokenization

/// What the sections of one recipe share while they are read.
final class Decoding {
    let problems = Problems()
    /// The directory that relative paths start from.
    let directory: URL
    /// Whether files must be there; documentation and some tests read recipes without them.
    let checksFiles: Bool
    /// What those files hold.
    let files: InputFiles
    /// What the top level says, known before the stages are read.
    var teacher: Reference?
    var tokenizer: Reference?
    var student: ModelSettings?
    var chatTemplate: ChatTemplate?
    var seed: UInt64 = 0
    /// The model and losses of the stage being read, which a peer takes over.
    var besidePeer: (model: ModelSettings?, losses: [LossSettings]) = (nil, [])
    /// The artefacts of the stages read so far.
    private(set) var artefacts: [Artefact] = []
    private var artefactsByName: [String: Artefact] = [:]
    private var artefactsByTarget: [Reference.Target: Artefact] = [:]
    private var stageCount = 0

    init(
        directory: URL = URL(filePath: "."), checksFiles: Bool = false, files: InputFiles = InputFiles()
    ) {
        self.files = files
        self.directory = directory
        self.checksFiles = checksFiles
    }

    /// The index of the stage about to be read.
    func nextStage() -> Int {
        defer { stageCount += 1 }
        return stageCount
    }

    /// Makes a stage's artefact known to the stages after it.
    func add(_ artefact: Artefact, at place: SourceLocation) {
        if artefactsByName[artefact.name] != nil {
            problems.add(
                "an earlier stage already makes \"\(artefact.name)\"", at: place,
                hint: "choose another name")
        } else {
            artefactsByName[artefact.name] = artefact
        }
        artefactsByTarget[artefact.target] = artefact
        artefacts.append(artefact)
    }

    func artefact(named name: String) -> Artefact? { artefactsByName[name] }

    /// What a reference to a stage stands for.
    func artefact(at target: Reference.Target) -> Artefact? { artefactsByTarget[target] }
}
