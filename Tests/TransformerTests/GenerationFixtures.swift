import Support
import Tensors

@testable import Transformer

/// A small decoder whose logits differ enough for sampling to matter. No extent is a multiple of eight where the
/// shape allows it, so that remainders of vector loops run.
func smallDecoder(seed: UInt64 = 5, contextLength: Int = 64) throws -> DecoderModel {
    let configuration = Configuration(
        vocabularySize: 61, width: 36, layers: 2, heads: 6, keyValueHeads: 2, headDimension: 6,
        feedForward: 50,
        tiedHead: false, contextLength: contextLength)
    var parameters: [String: Tensor] = [:]
    for (index, (name, shape)) in DecoderModel.parameterShapes(of: configuration).enumerated() {
        let stream = RandomStream(seed: seed, purpose: "small decoder", index: UInt64(index))
        parameters[name] =
            shape.count == 1
            ? Tensor(shape: shape, values: Array(repeating: 1, count: shape[0]))
            : Tensor.normal(shape, deviation: 0.3, from: stream)
    }
    return try DecoderModel(configuration: configuration, parameters: parameters)
}

/// Random prompts of 1 to `longest` tokens, some of which share a beginning or are the same.
func prompts(_ count: Int, longest: Int = 24, vocabulary: Int = 61) -> [[Int32]] {
    var stream = RandomStream(seed: 9, purpose: "prompts")
    func tokens(_ count: Int) -> [Int32] {
        (0..<count).map { _ in Int32(stream.nextIndex(below: vocabulary)) }
    }
    let common = tokens(longest / 2)
    var prompts: [[Int32]] = []
    for index in 0..<count {
        switch index % 4 {
        case 1: prompts.append(common + tokens(1 + stream.nextIndex(below: longest - common.count)))
        case 2: prompts.append(prompts[index - 1])
        default: prompts.append(tokens(1 + stream.nextIndex(below: longest)))
        }
    }
    return prompts
}

/// Runs the generator over prompts and gives the answers in the order of the prompts.
///
/// - Parameter first: place of the first prompt in the whole list, which names its random stream
func answers(
    _ prompts: [[Int32]], from decoder: DecoderModel, slots: Int, options: SamplingOptions, first: Int = 0,
    stopIDs: Set<Int32> = [], order: BatchGenerator.Order = .request
) throws -> [GenerationResult] {
    let generator = try BatchGenerator(decoder, slots: slots)
    var results: [GenerationResult] = []
    let requests = prompts.enumerated().lazy.map { index, prompt in
        GenerationRequest(
            prompt: prompt, options: options,
            stream: RandomStream(seed: 1, purpose: "test", index: UInt64(first + index)), stopIDs: stopIDs)
    }
    try generator.run(requests, order: order) { results.append($0) }
    return results
}

/// The widest gap between two lists, relative to the largest value of the second.
func gap(_ a: [Float], _ b: [Float]) -> Float {
    precondition(a.count == b.count && !a.isEmpty, "lists to compare have one length")
    let scale = b.map(abs).max()!
    return zip(a, b).map { abs($0 - $1) }.max()! / scale
}
