import Foundation
import TestSupport
import Tensors

@testable import Signals
@testable import Training

// p teacher, q student over V tokens, z the student's logits, T temperature.

/// What a teacher says at one position, in Double.
enum PlainTeacher {
    case dense(logits: [Double])
    case topK(ids: [Int], probabilities: [Double], tail: Double)
    /// One weight for each token of the vocabulary.
    case sampled(weights: [Double], entropy: Double)

    /// The k likeliest of softmax(logits / T), rounded to Float32 as a signal holds them.
    static func top(_ k: Int, of logits: [Double], temperature: Double) -> PlainTeacher {
        let p = Reference.softmax(logits, temperature: temperature)
        let ids = p.indices.sorted { p[$0] > p[$1] }
        return .topK(
            ids: Array(ids[..<k]), probabilities: ids[..<k].map { Double(Float(p[$0])) },
            tail: Double(Float(ids[k...].reduce(0) { $0 + p[$1] })))
    }

    /// The same for the losses under test.
    func signal(temperature: Float) -> SparseSignal? {
        switch self {
        case .dense: return nil
        case .topK(let ids, let probabilities, let tail):
            var signal = SparseSignal(kind: .topK(k: ids.count), temperature: temperature)
            signal.ids = ids.map(Int32.init)
            signal.weights = probabilities.map(Float.init)
            signal.tails = [Float(tail)]
            signal.offsets = [0, ids.count]
            return signal
        case .sampled(let weights, let entropy):
            var signal = SparseSignal(kind: .sampled(head: 0, draws: 1), temperature: temperature)
            let ids = weights.indices.filter { weights[$0] > 0 }
            signal.ids = ids.map(Int32.init)
            signal.weights = ids.map { Float(weights[$0]) }
            signal.entropies = [Float(entropy)]
            signal.offsets = [0, ids.count]
            return signal
        }
    }
}

extension Reference {
    /// A loss as its formula reads, without weight and without T².
    ///
    /// - Parameter anchor: the student's logits where factors that gradients pass over are taken
    static func loss(
        _ loss: Loss, logits z: [Double], target: Int, teacher: PlainTeacher?, anchor: [Double]? = nil
    ) -> Double {
        let temperature = Double(loss.temperature)
        func standard(_ z: [Double]) -> [Double] { loss.standardizesLogits ? standardized(z) : z }
        func student(_ z: [Double]) -> [Double] { softmax(standard(z), temperature: temperature) }
        switch (loss.kind, teacher) {
        case (.crossEntropy, _): return logSumExp(z) - z[target]
        case (_, nil): preconditionFailure("a divergence needs a teacher")
        case (.logitMSE, .dense(let logits)):
            return zip(standard(z), standard(logits)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
                / Double(z.count)
        case (_, .dense(let logits)):
            return divergence(loss, student(logits), student(z), anchor: student(anchor ?? z))
        case (_, .topK(let ids, let probabilities, let tail)):
            if loss.renormalizes {
                func kept(_ q: [Double]) -> [Double] {
                    let sum = q.reduce(0, +)
                    return q.map { $0 / sum }
                }
                func own(_ z: [Double]) -> [Double] { kept(ids.map { student(z)[$0] }) }
                return divergence(loss, kept(probabilities), own(z), anchor: own(anchor ?? z))
            }
            func coarse(_ q: [Double]) -> [Double] {
                ids.map { q[$0] } + [q.indices.reduce(0.0) { ids.contains($1) ? $0 : $0 + q[$1] }]
            }
            return divergence(
                loss, probabilities + [tail], coarse(student(z)), anchor: coarse(student(anchor ?? z)))
        case (_, .sampled(let weights, let entropy)):
            let logSum = logSumExp(z, temperature: temperature)
            return zip(weights, z).reduce(-entropy) { $0 - $1.0 * ($1.1 / temperature - logSum) }
        }
    }

    /// Σ weight · T² · loss.
    static func objective(
        _ terms: [WeightedLoss], logits: [Double], target: Int, teacher: PlainTeacher?,
        anchor: [Double]? = nil
    ) -> Double {
        terms.reduce(0) { sum, term in
            let temperature = Double(term.loss.temperature)
            return sum + Double(term.weight) * temperature * temperature
                * loss(term.loss, logits: logits, target: target, teacher: teacher, anchor: anchor)
        }
    }

    private static func divergence(_ loss: Loss, _ p: [Double], _ q: [Double], anchor: [Double]) -> Double {
        let numbers = loss.parameters.mapValues(Double.init)
        switch loss.kind {
        case .forwardKL: return forwardKL(p, q)
        case .reverseKL: return reverseKL(p, q)
        case .jensenShannon:
            let beta = numbers["beta"]!
            return beta == 0
                ? forwardKL(p, q) : beta == 1 ? reverseKL(p, q) : jensenShannon(p, q, beta: beta)
        case .totalVariation: return totalVariation(p, q)
        case .skewForwardKL: return kl(p, mixture(numbers["alpha"]!, p, q))
        case .skewReverseKL: return kl(q, mixture(numbers["alpha"]!, q, p))
        case .alphaBeta: return alphaBeta(p, q, alpha: numbers["alpha"]!, beta: numbers["beta"]!)
        case .adaptiveKL:
            let share = headShare(p, anchor)
            return share * forwardKL(p, q) + (1 - share) * reverseKL(p, q)
        case .universalLogit: return sortedDifference(p, q)
        default: preconditionFailure("\(loss.name) has no reference")
        }
    }

    /// ∂(Σ weight · T² · loss)/∂z by ∂L/∂z_j = q_j (g_j − Σ q_i g_i) / T with g = ∂L/∂q, for a dense teacher.
    static func objectiveGradient(
        _ terms: [WeightedLoss], logits z: [Double], target: Int, teacherLogits: [Double]
    ) -> [Double] {
        var gradient = [Double](repeating: 0, count: z.count)
        for term in terms {
            let temperature = Double(term.loss.temperature)
            let q = softmax(z, temperature: temperature)
            let p = softmax(teacherLogits, temperature: temperature)
            let g: [Double] = z.indices.map { i in
                switch term.loss.kind {
                case .crossEntropy: return i == target ? -1 / q[i] : 0
                case .forwardKL: return -p[i] / q[i]
                case .reverseKL: return log(q[i] / p[i]) + 1
                case .jensenShannon:
                    let beta = Double(term.loss.parameters["beta"]!)
                    return (1 - beta) * log(q[i] / (beta * p[i] + (1 - beta) * q[i]))
                default: preconditionFailure("\(term.loss.name) has no gradient written out")
                }
            }
            let mean = zip(q, g).reduce(0) { $0 + $1.0 * $1.1 }
            for i in z.indices {
                gradient[i] += Double(term.weight) * temperature * q[i] * (g[i] - mean)
            }
        }
        return gradient
    }
}

/// The mean objective over rows of logits, with whole rows in memory: what the fused head must equal.
///
/// - Parameters:
///   - logits: [M, V]
///   - teacher: M rows of V logits
/// - Returns: a scalar on the tape
func plainObjective(_ terms: [WeightedLoss], logits: Tensor, targets: [Int32], teacher: [[Double]]) -> Tensor
{
    let (rows, width) = (logits.rows, logits.width)
    let values = logits.values.map(Double.init)
    var (sum, gradient) = (0.0, [Float]())
    gradient.reserveCapacity(values.count)
    for row in 0..<rows {
        let z = Array(values[row * width..<(row + 1) * width])
        let target = Int(targets[row])
        sum += Reference.objective(terms, logits: z, target: target, teacher: .dense(logits: teacher[row]))
        gradient += Reference.objectiveGradient(
            terms, logits: z, target: target, teacherLogits: teacher[row]
        ).map { Float($0 / Double(rows)) }
    }
    let output = Tensor(shape: [], values: [Float(sum / Double(rows))])
    Tape.append(output: output, inputs: [logits]) { _ in
        logits.gradientSlot?.adopt(Tensor(shape: logits.shape, values: gradient))
    }
    return output
}
