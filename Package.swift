// swift-tools-version: 6.1
import PackageDescription

// Every version is exact: a checkout of today builds the same tomorrow.
let package = Package(
    name: "swift-distill",
    products: [
        .executable(name: "distill", targets: ["distill"]),
        // Each layer is a library too, so a program can use as much of the toolkit as it needs.
        .library(name: "Tensors", targets: ["Tensors"]),
        .library(name: "Tokenization", targets: ["Tokenization"]),
        .library(name: "Transformer", targets: ["Transformer"]),
        .library(name: "Checkpoints", targets: ["Checkpoints"]),
        .library(name: "Corpora", targets: ["Corpora"]),
        .library(name: "Distillation", targets: ["Distillation"]),
        .library(name: "Evaluation", targets: ["Evaluation"]),
        .library(name: "Recipes", targets: ["Recipes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
    ],
    targets: [
        // The C boundary.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(
            name: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "CKernels"),

        // What every layer shares: errors for users, atomic files, hashes, progress events.
        .target(name: "Support", dependencies: ["CKernels"]),

        // The layers, bottom-up. Each names every module it imports: a build then never uses a stale one.
        .target(name: "Tensors", dependencies: ["COpenBLAS", "CKernels", "Support"]),
        .target(name: "Tokenization", dependencies: ["CSentencePiece", "Support"]),
        .target(name: "Transformer", dependencies: ["Tensors", "Support"]),
        .target(name: "Checkpoints", dependencies: ["Transformer", "Tokenization", "Tensors", "Support"]),
        .target(name: "Corpora", dependencies: ["Transformer", "Tokenization", "Tensors", "Support"]),
        .target(
            name: "Distillation",
            dependencies: ["Corpora", "Checkpoints", "Transformer", "Tokenization", "Tensors", "Support"]),
        .target(
            name: "Evaluation",
            dependencies: [
                "Distillation", "Corpora", "Checkpoints", "Transformer", "Tokenization", "Tensors", "Support",
            ]),
        .target(
            name: "Recipes",
            dependencies: [
                "Evaluation", "Distillation", "Corpora", "Checkpoints", "Transformer", "Tokenization",
                "Tensors", "Support", "Yams",
            ]),
        .executableTarget(
            name: "distill",
            dependencies: [
                "Recipes", "Evaluation", "Distillation", "Corpora", "Checkpoints", "Transformer",
                "Tokenization", "Tensors", "Support", "COpenBLAS",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The generator of data/world: a library, so that tests can check it, and a small program.
        .target(name: "World"),
        .executableTarget(
            name: "world-data",
            dependencies: ["World", .product(name: "ArgumentParser", package: "swift-argument-parser")]),

        // The same for data/everyday: questions over a grid of topics.
        .target(name: "Everyday"),
        .executableTarget(name: "everyday-data", dependencies: ["Everyday"]),

        // Tests: one folder a target.
        .target(
            name: "TestSupport", dependencies: ["Transformer", "Tensors", "CKernels"],
            path: "Tests/TestSupport"),
        .testTarget(name: "SupportTests", dependencies: ["Support", "CKernels", "TestSupport"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "CKernels", "TestSupport"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "Support", "TestSupport"]),
        .testTarget(
            name: "TransformerTests",
            dependencies: ["Transformer", "Checkpoints", "Tensors", "CKernels", "Support", "TestSupport"]),
        .testTarget(
            name: "CheckpointsTests",
            dependencies: [
                "Checkpoints", "Transformer", "Tokenization", "Tensors", "Support", "TestSupport",
            ]),
        .testTarget(
            name: "CorporaTests",
            dependencies: ["Corpora", "Transformer", "Tokenization", "Tensors", "Support", "TestSupport"]),
        .testTarget(
            name: "DistillationTests",
            dependencies: [
                "Distillation", "Corpora", "Checkpoints", "Transformer", "Tokenization", "Tensors", "Support",
                "TestSupport",
            ]),
        .testTarget(
            name: "EvaluationTests",
            dependencies: [
                "Evaluation", "Distillation", "Corpora", "Checkpoints", "Transformer", "Tokenization",
                "Tensors", "Support", "TestSupport",
            ]),
        .testTarget(
            name: "RecipeTests",
            dependencies: [
                "Recipes", "Evaluation", "Distillation", "Corpora", "Checkpoints", "Transformer",
                "Tokenization",
                "Tensors", "Support", "TestSupport",
            ]),
        .testTarget(name: "WorldTests", dependencies: ["World"]),
        .testTarget(name: "EverydayTests", dependencies: ["Everyday"]),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "distill", "distil-a-student", "add-a-loss", "Recipes", "Evaluation", "Distillation",
                "Corpora",
                "Checkpoints", "Transformer", "Tokenization", "Tensors", "Support", "TestSupport",
            ]),
        // The programs in the README and in the article on adding a loss, built and run by CommandTests.
        .executableTarget(
            name: "distil-a-student",
            dependencies: ["Distillation", "Corpora", "Checkpoints", "Transformer"], path: "Tests/Example"),
        .executableTarget(
            name: "add-a-loss", dependencies: ["Distillation", "Recipes"], path: "Tests/AddedLoss",
            exclude: ["hellinger.yaml"]),
    ],
    cxxLanguageStandard: .cxx17
)
