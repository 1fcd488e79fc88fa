import CoveOCI
import Foundation
import TestSupport
import Testing

@Suite("Manifest: random input")
struct ManifestFuzzTests {
    private static let seeds: [String] = [
        ManifestSamples.image(more: #""annotations":{"a":"b"},"subject":\#(ManifestSamples.descriptor())"#),
        ManifestSamples.image(config: ManifestSamples.descriptor("a/b", more: #""data":"YWJj""#)),
        ManifestSamples.index(more: #""artifactType":"x/y""#),
    ]

    @Test("a spoilt manifest is read or refused, and what is read is well-formed", arguments: 0..<12)
    func mutations(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let original = Array(Self.seeds[Int(seed) % Self.seeds.count].utf8)
        var refused = 0
        for _ in 0..<400 {
            let payload = Data(random.mutated(original))
            let type = [nil, MediaType.imageManifest, MediaType.imageIndex, "x"][Int.random(in: 0..<4, using: &random)]
            do throws(ManifestError) {
                let manifest = try Manifest(parsing: payload, contentType: type)
                #expect(MediaType.manifests.contains(manifest.mediaType))
                #expect(manifest.kind == .image ? manifest.manifests.isEmpty : manifest.layers.isEmpty && manifest.config == nil)
                #expect((manifest.layers + manifest.manifests).allSatisfy { $0.size >= 0 && !$0.mediaType.isEmpty })
            } catch {
                refused += 1
            }
        }
        #expect(refused > 100)
    }

    @Test("random bytes are refused", arguments: 0..<4)
    func noise(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<300 {
            let payload = Data(random.bytes(Int.random(in: 0...200, using: &random)))
            #expect(throws: ManifestError.self) { try Manifest(parsing: payload, contentType: MediaType.imageManifest) }
        }
    }
}
