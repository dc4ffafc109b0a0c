/// What a model's weights take, apart for those that files often store in different types.
package struct WeightBytes {
    /// The embedding, and the head where it has weights of its own: a row for each piece of the vocabulary.
    var tables: Double
    var layers: Double

    var total: Double { tables + layers }

    /// Weights of one type.
    init(_ cost: ModelCost, bytesPerWeight: Double) {
        tables = bytesPerWeight * cost.tableParameters
        layers = bytesPerWeight * (cost.parameters - cost.tableParameters)
    }

    init(tables: Double, layers: Double) {
        self.tables = tables
        self.layers = layers
    }
}
