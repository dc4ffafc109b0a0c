import Foundation
import Support
import TestSupport
import Testing

/// The goldens are the files their script wrote.
@Test func theGoldenCheckpointsAreUntouched() throws {
    struct Manifest: Decodable { var sha256: [String: Fingerprint] }
    let data = try Data(contentsOf: golden("checkpoints/manifest.json"))
    let manifest = try JSONDecoder().decode(Manifest.self, from: data)
    #expect(manifest.sha256.count == 13)
    for (name, fingerprint) in manifest.sha256 {
        #expect(try Fingerprint(fileAt: golden("checkpoints/\(name)")) == fingerprint, "\(name)")
    }
}
