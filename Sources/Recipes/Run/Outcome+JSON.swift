import Evaluation
import Foundation
import Reports

extension RecipeRunner.Outcome {
    /// The results for programs: `{"directory", "performed", "reused", "runs": [{"variant", "seed", "models", "comparisons"}]}`.
    ///
    /// - Throws: `EncodingError` if a measured value is not finite
    public func json() throws -> String {
        struct Run: Encodable {
            var variant: String?
            var seed: UInt64?
            var models: [ModelScores]
            var comparisons: [PairedComparison]
        }
        struct Document: Encodable {
            var directory: String
            var performed, reused: Int
            var runs: [Run]
            var verdict: [String]
        }
        let document = Document(
            directory: directory.relativePath, performed: performed, reused: reused,
            runs: report.runs.map {
                Run(
                    variant: $0.variant, seed: $0.seed, models: $0.models.map(\.scores),
                    comparisons: $0.comparisons)
            },
            verdict: report.study?.sentences ?? [])
        return String(decoding: try JSONEncoder.forRecords.encode(document), as: UTF8.self)
    }
}
