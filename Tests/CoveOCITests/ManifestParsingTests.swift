import CoveOCI
import Foundation
import Testing

@Suite("Manifest: parsing")
struct ManifestParsingTests {
    private typealias Samples = ManifestSamples

    @Test("an image gives its config and its layers in order", arguments: [MediaType.imageManifest, MediaType.dockerManifest])
    func image(type: String) throws {
        let other = Digest.of("other".utf8).description
        let json = Samples.image(
            mediaType: type, layers: [Samples.descriptor(), Samples.descriptor("a/b", digest: other, size: "5")])
        let manifest = try Samples.parse(json, as: type)
        #expect(manifest.mediaType == type)
        #expect(manifest.kind == .image)
        #expect(manifest.config?.mediaType == "application/vnd.oci.image.config.v1+json")
        #expect(manifest.layers.map(\.digest.description) == [Samples.digest, other])
        #expect(manifest.layers.map(\.size) == [3, 5])
        #expect(manifest.manifests.isEmpty)
        #expect(manifest.subject == nil)
    }

    @Test("an index gives its entries with their platforms", arguments: [MediaType.imageIndex, MediaType.dockerManifestList])
    func index(type: String) throws {
        let arm = #""platform":{"os":"linux","architecture":"arm64","variant":"v8"}"#
        let json = Samples.index(
            mediaType: type,
            manifests: [Samples.descriptor(MediaType.imageManifest, more: arm), Samples.descriptor(MediaType.imageIndex)])
        let manifest = try Samples.parse(json)
        #expect(manifest.kind == .index)
        #expect(
            manifest.manifests.map(\.platform) == [Platform(os: "linux", architecture: "arm64", variant: "v8"), nil])
        #expect(manifest.manifests[1].mediaType == MediaType.imageIndex)
        #expect(manifest.config == nil && manifest.layers.isEmpty)
    }

    @Test("an artifact manifest has blobs and needs no config")
    func artifact() throws {
        let json = """
            {"schemaVersion":2,"mediaType":"\(MediaType.artifactManifest)","artifactType":"a/b","blobs":[\(Samples.descriptor())]}
            """
        let manifest = try Samples.parse(json)
        #expect(manifest.kind == .image)
        #expect(manifest.layers.count == 1)
        #expect(manifest.effectiveArtifactType == "a/b")
    }

    @Test("an image without layers and an index without entries are manifests")
    func empty() throws {
        #expect(try Samples.parse(Samples.image(layers: [])).layers == [])
        #expect(try Samples.parse(Samples.index(manifests: [])).manifests == [])
    }

    @Test("the same layer twice is there twice")
    func duplicates() throws {
        let manifest = try Samples.parse(Samples.image(layers: [Samples.descriptor(), Samples.descriptor()]))
        #expect(manifest.layers.count == 2)
        #expect(manifest.layers[0] == manifest.layers[1])
    }

    @Test("subject, annotations, URLs and unknown fields are read or left alone")
    func extras() throws {
        let subject = Samples.descriptor(MediaType.imageManifest, digest: DigestTests.abc512)
        let layer = Samples.descriptor(more: #""urls":["https://a/","https://b/"],"annotations":{"k":"v"},"x":[{"y":1}]"#)
        let json = Samples.image(
            layers: [layer],
            more: #""subject":\#(subject),"annotations":{"org":"é\n"},"artifactType":"t/x","unknown":{"a":[null,1.5]}"#)
        let manifest = try Samples.parse(json)
        #expect(manifest.subject?.digest.description == DigestTests.abc512)
        #expect(manifest.annotations == ["org": "é\n"])
        #expect(manifest.layers[0].urls == ["https://a/", "https://b/"])
        #expect(manifest.layers[0].annotations == ["k": "v"])
        #expect(manifest.artifactType == "t/x")
    }

    @Test("without a type of its own, a manifest is what it was sent as")
    func headerDecides() throws {
        #expect(try Samples.parse(Samples.image(mediaType: nil), as: MediaType.imageManifest).kind == .image)
        let sent = "Application/vnd.OCI.image.index.v1+json; charset=utf-8"
        #expect(try Samples.parse(Samples.index(mediaType: nil), as: sent).mediaType == MediaType.imageIndex)
    }

    @Test("without any type, the fields decide")
    func fieldsDecide() throws {
        #expect(try Samples.parse(Samples.image(mediaType: nil)).mediaType == MediaType.imageManifest)
        #expect(try Samples.parse(Samples.index(mediaType: nil)).mediaType == MediaType.imageIndex)
        #expect(try Samples.parse(Samples.index(mediaType: nil), as: "").mediaType == MediaType.imageIndex)
    }

    @Test("a referrer's type is its artifactType, else its config's, and an index has only its own")
    func effectiveArtifactType() throws {
        #expect(try Samples.parse(Samples.image()).effectiveArtifactType == "application/vnd.oci.image.config.v1+json")
        #expect(try Samples.parse(Samples.image(more: #""artifactType":"t/x""#)).effectiveArtifactType == "t/x")
        let empty = try Samples.parse(Samples.image(more: #""artifactType":"""#))
        #expect(empty.effectiveArtifactType == "application/vnd.oci.image.config.v1+json")
        #expect(try Samples.parse(Samples.index()).effectiveArtifactType == nil)
        #expect(try Samples.parse(Samples.index(more: #""artifactType":"t/x""#)).effectiveArtifactType == "t/x")
    }

    @Test("embedded data that is the content is accepted", arguments: Digest.Algorithm.allCases)
    func data(algorithm: Digest.Algorithm) throws {
        let digest = Digest.of("abc".utf8, algorithm: algorithm).description
        let config = Samples.descriptor("a/b", digest: digest, more: #""data":"YWJj""#)
        #expect(try Samples.parse(Samples.image(config: config)).config?.size == 3)
    }

    @Test("64 levels of nesting are read")
    func nesting() throws {
        let deep = String(repeating: "[", count: 63) + String(repeating: "]", count: 63)
        #expect(try Samples.parse(Samples.image(more: #""x":\#(deep)"#)).kind == .image)
    }
}
