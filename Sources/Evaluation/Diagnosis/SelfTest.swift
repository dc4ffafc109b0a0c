import Checkpoints
import Foundation
import Signals
import Support
import Tensors
import Tokenization
import Training
import Transformer

/// A quick check that the installed libraries compute correct results on this machine.
public struct SelfTest: Sendable {
    /// What is checked.
    public let name: String
    /// - Returns: nil on success, else the problem
    let check: @Sendable () throws -> String?

    /// - Parameters:
    ///   - name: what is checked
    ///   - check: returns nil on success, else the problem
    public init(name: String, check: @escaping @Sendable () throws -> String?) {
        self.name = name
        self.check = check
    }

    /// The result of a check.
    public struct Outcome: Codable, Sendable {
        /// What was checked.
        public let name: String
        /// Nil on success.
        public let problem: String?
        /// Time it took.
        public let seconds: Double
    }

    /// Runs the check.
    public func run() -> Outcome {
        let start = ContinuousClock.now
        var problem: String?
        do { problem = try check() } catch { problem = "\(error)" }
        return Outcome(name: name, problem: problem, seconds: (ContinuousClock.now - start).seconds)
    }

    /// All checks, which take a few seconds together.
    public static let all = [
        SelfTest(name: "matrix product", check: matrixProduct),
        SelfTest(name: "kernels", check: vectorLoops),
        SelfTest(name: "tokenizer", check: tokenizer),
        SelfTest(name: "training", check: training),
        SelfTest(name: "key-value cache", check: cache),
        SelfTest(name: "files", check: files),
    ]

    @Sendable private static func matrixProduct() -> String? {
        // Enough work to be divided over two threads, at sizes that are no multiple of a register's width.
        let (m, n, k) = (259, 131, 257)
        let stream = RandomStream(seed: 1, purpose: "self-test")
        let a = Tensor.normal([m, k], deviation: 1, from: stream)
        let b = Tensor.normal([n, k], deviation: 1, from: RandomStream(seed: 2, purpose: "self-test"))
        let c = Tensor(shape: [m, n])
        MatrixProduct.multiply(a.matrix, b.matrix.transposed, into: c.matrix)
        var worst = 0.0
        for row in 0..<m {
            for column in 0..<n {
                let exact = (0..<k).reduce(0.0) {
                    $0 + Double(a.pointer(row: row)[$1]) * Double(b.pointer(row: column)[$1])
                }
                worst = max(worst, abs(exact - Double(c.pointer(row: row)[column])))
            }
        }
        // Sums of 257 products of order 1 in Float32.
        return worst < 1e-3 ? nil : "sgemm is off by \(worst)"
    }

    /// Compares the kernels of this machine with the portable ones.
    @Sendable private static func vectorLoops() -> String? {
        let count = 1003
        let logits = Tensor.normal([count], deviation: 3, from: RandomStream(seed: 5, purpose: "self-test"))
        let results = [kernels, kernelVariants.last!].map { table in
            let (p, normed, gated) = (
                Tensor(shape: [count]), Tensor(shape: [count]), Tensor(shape: [count / 2])
            )
            var (maximum, logSum, inverse): (Float, Float, Float) = (0, 0, 0)
            table.log_sum_exp(logits.pointer, count, 0.5, &maximum, &logSum)
            table.softmax(logits.pointer, p.pointer, count, 0.5, maximum, logSum)
            table.rms_norm(logits.pointer, p.pointer, normed.pointer, &inverse, 1, count, 1e-5)
            table.swiglu(logits.pointer, gated.pointer, 1, count / 2)
            return p.values + normed.values + gated.values
        }
        let worst = zip(results[0], results[1]).map { abs($0 - $1) / max(abs($1), 1e-3) }.max() ?? .infinity
        // The order of additions differs. A NaN fails the comparison.
        return worst < 1e-4 ? nil : "\(String(cString: kernels.name)) and portable loops differ by \(worst)"
    }

    @Sendable private static func tokenizer() throws -> String? {
        var training = TokenizerTraining(kind: .bpe, vocabularySize: 300)
        training.hasByteFallback = true
        let sentences = (0..<200).map { "line \($0) of a small text about small things" }
        let tokenizer = try Tokenizer(serializedModel: training.train(sentences), name: "self-test")
        let text = "small things, größer: 你好 <|user|>"
        let decoded = try tokenizer.decode(tokenizer.encodeContent(text))
        return decoded == text ? nil : "\(text) came back as \(decoded)"
    }

    private static let shape = Configuration(
        vocabularySize: 64, width: 32, layers: 2, heads: 4, keyValueHeads: 2, feedForward: 64,
        contextLength: 64)

    @Sendable private static func training() throws -> String? {
        struct Repeated: BatchSource {
            let batch: TrainingBatch
            func batches(forStep step: Int) -> [TrainingBatch] { [batch] }
        }
        let ids = (0..<48).map { Int32($0 * 7 % 61) }
        let batch = TrainingBatch(
            tokens: TokenBatch(sequences: [ids]), lossMask: [false] + Array(repeating: true, count: 47))
        let options = TrainingOptions(
            steps: 60, losses: [WeightedLoss(.crossEntropy)], optimizer: .init(learningRate: 1e-2),
            saveInterval: .never)
        let last = try Trainer(
            student: DecoderModel(configuration: shape, seed: 1), source: Repeated(batch: batch),
            options: options
        ).run()
        let loss = last?.loss ?? .infinity
        return loss < 1 ? nil : "a student that should memorize one sequence stays at a loss of \(loss)"
    }

    @Sendable private static func cache() throws -> String? {
        let decoder = try DecoderModel(configuration: shape, seed: 3)
        let prompt: [Int32] = [5, 9, 2, 33]
        var cached: [Int32] = []
        let request = GenerationRequest(
            prompt: prompt, options: .greedy(maxNewTokens: 16),
            stream: RandomStream(seed: 0, purpose: "self-test"))
        try BatchGenerator(decoder, slots: 2).run([request]) { cached = $0.tokens }
        var plain: [Int32] = []
        for _ in 0..<16 {
            let hidden = decoder.hiddenStates(TokenBatch(sequences: [prompt + plain]))
            let logits = decoder.logits(gatherRows(hidden, at: [hidden.rows - 1]))
            plain.append(kernels.argmax(logits.pointer, logits.width))
        }
        return cached == plain ? nil : "with the cache the model generates \(cached), without it \(plain)"
    }

    @Sendable private static func files() throws -> String? {
        let directory = FileManager.default.temporaryDirectory.appending(
            path: "distill-doctor-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        let decoder = try DecoderModel(configuration: shape, seed: 4)
        try Checkpoint.save(decoder: decoder, to: directory)
        let read = try Checkpoint.load(directory).decoder
        let same =
            zip(decoder.parameters, read.parameters).allSatisfy { $0.tensor.values == $1.tensor.values }
            && decoder.parameters.count == read.parameters.count
        return same ? nil : "weights read back differ from those written"
    }
}
