/// The number, from 1, that a scheduler gave this process among those that it started together.
struct ProcessNumber {
    /// Where a scheduler writes it.
    enum Variable: String, CaseIterable {
        /// Slurm's job arrays, counted as `--array` says.
        case slurm = "SLURM_ARRAY_TASK_ID"
        /// Open MPI, from 0.
        case openMPI = "OMPI_COMM_WORLD_RANK"
        /// Indexed jobs of Kubernetes, from 0.
        case kubernetes = "JOB_COMPLETION_INDEX"

        /// What the variable has in the first process.
        fileprivate var first: Int { self == .slurm ? 1 : 0 }

        /// How n processes are started.
        func hint(_ count: Int) -> String {
            switch self {
            case .slurm: "submit the job with --array=1-\(count)"
            case .openMPI: "start it with mpirun -n \(count)"
            case .kubernetes: "set completions: \(count) in the job"
            }
        }
    }

    let number: Int
    let variable: Variable
    private let value: String

    /// `SLURM_ARRAY_TASK_ID=3`, for messages.
    var origin: String { "\(variable.rawValue)=\(value)" }

    /// - Throws: `UserError` where no variable is set, one is no number, or two disagree
    init(_ environment: [String: String]) throws {
        let found = try Variable.allCases.compactMap { variable in
            try environment[variable.rawValue].map { try ProcessNumber(variable, $0) }
        }
        guard let first = found.first else {
            let names = Variable.allCases.map(\.rawValue)
            throw UserError(
                "none of \(names.dropLast().joined(separator: ", ")) and \(names.last!) is set",
                hint: "write the number of the shard in place of auto", status: .usage)
        }
        if let other = found.first(where: { $0.number != first.number }) {
            throw UserError(
                "\(first.origin) is shard \(first.number), but \(other.origin) is shard \(other.number)",
                hint: "write the number of the shard in place of auto", status: .usage)
        }
        self = first
    }

    private init(_ variable: Variable, _ value: String) throws {
        // One more than the largest number is out of range as well.
        guard let given = Shard.number(value), given < .max else {
            throw UserError(
                "\(variable.rawValue)=\(value) is not a number",
                hint: "write the number of the shard in place of auto", status: .usage)
        }
        (number, self.variable, self.value) = (given + 1 - variable.first, variable, value)
    }
}
