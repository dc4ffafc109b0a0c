// swift-tools-version: 6.1
import PackageDescription

// What reads, runs and writes a model.
let models: [Target.Dependency] = ["Checkpoints", "Transformer", "Tokenization", "Tensors", "Support"]
// What is done with models and text; `models` come with them.
let methods: [Target.Dependency] = [
    "Corpora", "Generation", "Signals", "Training", "Selection", "DatasetDistillation", "Pruning",
]

// Every version is exact: a checkout of today builds the same tomorrow.
let package = Package(
    name: "swift-distill",
    products: [
        .executable(name: "distill", targets: ["distill"]),
        // Each layer is a library too, so a program can use as much of the toolkit as it needs.
        .library(name: "Support", targets: ["Support"]),
        .library(name: "HTTP", targets: ["HTTP"]),
        .library(name: "Hub", targets: ["Hub"]),
        .library(name: "Tensors", targets: ["Tensors"]),
        .library(name: "Tokenization", targets: ["Tokenization"]),
        .library(name: "Jinja", targets: ["Jinja"]),
        .library(name: "Transformer", targets: ["Transformer"]),
        .library(name: "Checkpoints", targets: ["Checkpoints"]),
        .library(name: "Corpora", targets: ["Corpora"]),
        .library(name: "Generation", targets: ["Generation"]),
        .library(name: "Signals", targets: ["Signals"]),
        .library(name: "Training", targets: ["Training"]),
        .library(name: "Selection", targets: ["Selection"]),
        .library(name: "DatasetDistillation", targets: ["DatasetDistillation"]),
        .library(name: "Pruning", targets: ["Pruning"]),
        .library(name: "Evaluation", targets: ["Evaluation"]),
        .library(name: "Reports", targets: ["Reports"]),
        .library(name: "RecipeSchema", targets: ["RecipeSchema"]),
        .library(name: "Recipes", targets: ["Recipes"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
        .package(url: "https://github.com/swiftcsv/SwiftCSV", exact: "0.10.0"),
        // `swift package generate-documentation`. A command plugin: no product here depends on it, so none builds it.
        .package(url: "https://github.com/swiftlang/swift-docc-plugin", exact: "1.5.0"),
    ],
    targets: [
        // The C boundary.
        .systemLibrary(name: "COpenBLAS", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
        .target(
            name: "CSentencePiece",
            linkerSettings: [.linkedLibrary("sentencepiece"), .linkedLibrary("sentencepiece_train")]),
        .target(name: "CKernels"),
        // Declarations of the libcurl that Swift itself needs: no package to install.
        .systemLibrary(name: "CCurl"),
        // What the command does before shared libraries are initialized; executables only.
        .target(name: "CLaunch"),

        // What every layer shares: errors for users, atomic files, hashes, progress events.
        .target(name: "Support", dependencies: ["CKernels"]),
        // Requests over HTTP, by libcurl. URLSession, which is built on it too, takes a whole core while a server is silent.
        .target(name: "HTTP", dependencies: ["CCurl"]),
        // Models by name: the Hugging Face hub and its cache.
        .target(name: "Hub", dependencies: ["HTTP", "Support"]),

        // Apart from Tokenization: a template interpreter knows no tokens, and is of use without them.
        .target(name: "Jinja", dependencies: ["Support"]),

        // The layers, bottom-up. Each names every module it imports: a build then never uses a stale one.
        .target(name: "Tensors", dependencies: ["COpenBLAS", "CKernels", "Support"]),
        .target(name: "Tokenization", dependencies: ["CSentencePiece", "Jinja", "Support"]),
        .target(name: "Transformer", dependencies: ["Tensors", "Support"]),
        .target(name: "Checkpoints", dependencies: ["Transformer", "Tensors", "Tokenization", "Support"]),
        .target(name: "Corpora", dependencies: ["Tokenization", "Support", "SwiftCSV"]),
        .target(name: "Generation", dependencies: models + ["Corpora", "HTTP"]),
        .target(name: "Signals", dependencies: models + ["Corpora", "Generation"]),
        .target(name: "Training", dependencies: models + ["Corpora", "Signals"]),
        .target(name: "Selection", dependencies: models + ["Corpora", "Signals", "Training"]),
        .target(
            name: "DatasetDistillation",
            dependencies: models + ["Corpora", "Signals", "Training", "Selection"]),
        .target(name: "Pruning", dependencies: models + ["Corpora"]),
        .target(name: "Evaluation", dependencies: models + ["Corpora", "Generation", "Signals", "Training"]),
        .target(name: "Reports", dependencies: ["Evaluation", "Corpora", "Support"]),
        .target(name: "RecipeSchema", dependencies: ["Support", "Yams"]),
        .target(
            name: "Recipes",
            dependencies: models + methods + ["Hub", "Evaluation", "Reports", "RecipeSchema"]),
        .executableTarget(
            name: "distill",
            dependencies: models + methods + [
                "Hub", "Evaluation", "Reports", "RecipeSchema", "Recipes", "COpenBLAS", "CLaunch",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ]),

        // The generators of data/world and data/everyday: libraries, so that tests can check them, and small programs.
        .target(name: "World", path: "Sources/Generators/World"),
        .executableTarget(
            name: "world-data",
            dependencies: ["World", .product(name: "ArgumentParser", package: "swift-argument-parser")],
            path: "Sources/Generators/world-data"),
        .target(name: "Everyday", path: "Sources/Generators/Everyday"),
        .executableTarget(
            name: "everyday-data", dependencies: ["Everyday"], path: "Sources/Generators/everyday-data"),

        // Tests: one folder a target.
        .target(
            name: "TestSupport",
            dependencies: ["Transformer", "Tokenization", "Tensors", "Support", "CKernels"],
            path: "Tests/TestSupport"),
        .testTarget(name: "SupportTests", dependencies: ["Support", "CKernels", "TestSupport"]),
        // With a local hub, and the command as a process.
        .testTarget(name: "HubTests", dependencies: ["Hub", "HTTP", "Support", "TestSupport", "distill"]),
        .testTarget(name: "TensorsTests", dependencies: ["Tensors", "Support", "CKernels", "TestSupport"]),
        .testTarget(name: "TokenizationTests", dependencies: ["Tokenization", "Support", "TestSupport"]),
        .testTarget(name: "JinjaTests", dependencies: ["Jinja", "Support", "TestSupport"]),
        .testTarget(
            name: "TransformerTests",
            dependencies: ["Transformer", "Checkpoints", "Tensors", "CKernels", "Support", "TestSupport"]),
        .testTarget(name: "CheckpointsTests", dependencies: models + ["TestSupport"]),
        .testTarget(
            name: "CorporaTests", dependencies: ["Corpora", "Tokenization", "Support", "TestSupport"]),
        .testTarget(
            name: "GenerationTests",
            dependencies: models + ["Corpora", "Generation", "HTTP", "TestSupport", "distill"]),
        .testTarget(name: "PruningTests", dependencies: models + ["Corpora", "Pruning", "TestSupport"]),
        // Models and corpora small enough for the tests of all methods.
        .target(
            name: "MethodFixtures", dependencies: models + ["Corpora", "Signals", "TestSupport"],
            path: "Tests/MethodFixtures"),
        .testTarget(
            name: "SignalsTests",
            dependencies: models + [
                "Corpora", "Generation", "Signals", "Training", "MethodFixtures", "TestSupport",
            ]),
        .testTarget(
            name: "TrainingTests",
            dependencies: models + ["Corpora", "Signals", "Training", "MethodFixtures", "TestSupport"]),
        .testTarget(
            name: "SelectionTests",
            dependencies: models + [
                "Corpora", "Signals", "Training", "Selection", "MethodFixtures", "TestSupport",
            ]),
        .testTarget(
            name: "DatasetDistillationTests",
            dependencies: models + [
                "Corpora", "Signals", "Training", "Selection", "DatasetDistillation", "MethodFixtures",
                "TestSupport",
            ]),
        .testTarget(name: "EvaluationTests", dependencies: models + methods + ["Evaluation", "TestSupport"]),
        .testTarget(name: "ReportsTests", dependencies: ["Reports", "Evaluation", "Corpora", "Support"]),
        .testTarget(
            name: "RecipeTests",
            dependencies: models + methods + [
                "Recipes", "Reports", "RecipeSchema", "Evaluation", "TestSupport",
            ]),
        // What may import what, and how folders depend on each other.
        .testTarget(name: "ArchitectureTests", dependencies: ["TestSupport"]),
        .testTarget(name: "WorldTests", dependencies: ["World"]),
        .testTarget(name: "EverydayTests", dependencies: ["Everyday"]),
        .testTarget(
            name: "CommandTests",
            dependencies: models + methods + [
                "distill", "distil-a-student", "add-a-loss", "Recipes", "Reports", "RecipeSchema",
                "Evaluation",
                "TestSupport",
            ]),
        // The programs in the articles on the library and on adding a loss, built and run by CommandTests.
        .executableTarget(
            name: "distil-a-student", dependencies: models + methods, path: "Tests/Example"),
        .executableTarget(
            name: "add-a-loss", dependencies: models + methods + ["Recipes"], path: "Tests/AddedLoss",
            exclude: ["hellinger.yaml"]),
    ],
    cxxLanguageStandard: .cxx17
)
