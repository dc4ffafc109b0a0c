import Tensors

extension DType {
    /// The types' numbers in GGUF.
    private static let numbers: [UInt32: DType] = [
        0: .f32, 1: .f16, 2: .q40, 3: .q41, 6: .q50, 7: .q51, 8: .q80, 10: .q2K, 11: .q3K, 12: .q4K, 13: .q5K,
        14: .q6K, 20: .iq4NL, 28: .f64, 30: .bf16,
    ]

    init?(ggufNumber: UInt32) {
        guard let dtype = Self.numbers[ggufNumber] else { return nil }
        self = dtype
    }

    var ggufNumber: UInt32 { Self.numbers.first { $0.value == self }!.key }

    /// Types of GGUF that we do not have, for messages.
    static func name(ofUnknown number: UInt32) -> String {
        let names: [UInt32: String] = [
            9: "Q8_1", 15: "Q8_K", 16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 21: "IQ3_S",
            22: "IQ2_S", 23: "IQ4_XS", 24: "I8", 25: "I16", 26: "I32", 27: "I64", 29: "IQ1_M", 34: "TQ1_0",
            35: "TQ2_0", 39: "MXFP4",
        ]
        return names[number] ?? "number \(number)"
    }
}
