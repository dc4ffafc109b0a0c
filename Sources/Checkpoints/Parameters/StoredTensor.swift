import Foundation
import Support
import Tensors

/// A tensor in a checkpoint's file, of either format.
struct StoredTensor: Sendable {
    let name: String
    /// nil where the type is not one of weights.
    let dtype: DType?
    /// What the file calls the type.
    let typeName: String
    /// Outermost extent first.
    let shape: [Int]
    /// Most often mapped from the file.
    let bytes: Data
    /// The file, as messages name it.
    let file: String

    init(name: String, dtype: DType?, typeName: String, shape: [Int], bytes: Data, file: String) {
        self.name = name
        self.dtype = dtype
        self.typeName = typeName
        self.shape = shape
        self.bytes = bytes
        self.file = file
    }

    /// The first rows of a matrix that has `rows` of them; a tensor of another shape as it is.
    func prefix(_ count: Int, of rows: Int) -> StoredTensor {
        guard count < rows, shape.count == 2, shape[0] == rows, bytes.count % rows == 0 else { return self }
        return StoredTensor(
            name: name, dtype: dtype, typeName: typeName, shape: [count, shape[1]],
            bytes: bytes.prefix(bytes.count / rows * count), file: file)
    }

    func error(_ problem: String, hint: String? = nil) -> UserError {
        UserError("tensor \"\(name)\" \(problem)", file: file, hint: hint)
    }
}
