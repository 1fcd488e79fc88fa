import CoveMetadata
import CoveOCI
import NIOCore
import Testing

@testable import CoveRegistry

@Suite("Registry: what manifests refer to")
struct ReferenceTests {
    private let app: RepositoryName
    private let web: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "team/app")
        web = try RepositoryName(parsing: "team/web")
    }

    private static func image(config: String, layers: [String]) -> String {
        #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":\#(config),"layers":[\#(layers.joined(separator: ","))]}"#
    }

    @Test("all content that is missing from the repository is named, and nothing is kept", arguments: RegistryFixture.Kind.allCases)
    func missing(kind: RegistryFixture.Kind) async throws {
        let fixture = try await RegistryFixture(kind)
        let here = try await fixture.push("here", to: app)
        // In another repository only.
        let elsewhere = try await fixture.push("elsewhere", to: web)
        let absent = Digest.of("absent".utf8)
        let json = Self.image(
            config: RegistryFixture.descriptor(elsewhere, size: 9),
            layers: [RegistryFixture.descriptor(here, size: 4), RegistryFixture.descriptor(absent, size: 6)])
        do {
            try await fixture.pushManifest(json, as: "v1", to: app)
            Issue.record("it was accepted")
        } catch RegistryError.referencesUnknown(let descriptors) {
            #expect(descriptors.map(\.digest) == [elsewhere, absent])
        }
        #expect(await refusal { _ = try await fixture.pullManifest("v1", from: app) } == "manifestUnknown")
        #expect(try await fixture.registry.tags(in: app, after: "", limit: 10).page == [])
    }

    @Test("a size that is not the content's is refused", arguments: [3, 5])
    func sizes(size: Int) async throws {
        let fixture = try await RegistryFixture()
        let config = try await fixture.push("{}", to: app)
        let layer = try await fixture.push("four", to: app)
        let json = Self.image(config: RegistryFixture.descriptor(config, size: 2), layers: [RegistryFixture.descriptor(layer, size: size)])
        do {
            try await fixture.pushManifest(json, as: "v1", to: app)
            Issue.record("it was accepted")
        } catch RegistryError.referenceSizeMismatch(let descriptor, let actual) {
            #expect(descriptor.digest == layer)
            #expect(actual == 4)
        }
    }

    @Test("layers that need not be held may be absent, and must fit when they are there")
    func nonDistributable() async throws {
        let fixture = try await RegistryFixture()
        let config = try await fixture.push("{}", to: app)
        let type = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
        func image(_ digest: Digest, size: Int) -> String {
            Self.image(
                config: RegistryFixture.descriptor(config, size: 2),
                layers: [RegistryFixture.descriptor(digest, size: size, mediaType: type)])
        }
        let held = try await fixture.push("four", to: app)
        try await fixture.pushManifest(image(Digest.of("absent".utf8), size: 99), as: "v1", to: app)
        try await fixture.pushManifest(image(held, size: 4), as: "v2", to: app)
        #expect(await refusal { try await fixture.pushManifest(image(held, size: 5), as: "v3", to: app) } == "referenceSizeMismatch")
    }

    @Test("without validation, config and layers may be absent")
    func unvalidated() async throws {
        var options = Registry.Options()
        options.manifests.requiresBlobs = false
        let fixture = try await RegistryFixture(.memory, options)
        let absent = RegistryFixture.descriptor(Digest.of("absent".utf8), size: 6)
        try await fixture.pushManifest(Self.image(config: absent, layers: [absent]), as: "v1", to: app)
    }

    @Test("a layer's URL must be one that is allowed")
    func urls() async throws {
        var options = Registry.Options()
        options.manifests.allowsURL = { $0.hasPrefix("https://good/") }
        let fixture = try await RegistryFixture(.memory, options)
        let config = try await fixture.push("{}", to: app)
        func image(_ url: String) -> String {
            Self.image(
                config: RegistryFixture.descriptor(config, size: 2),
                layers: [RegistryFixture.descriptor(config, size: 2, more: #","urls":["https://good/1","\#(url)"]"#)])
        }
        try await fixture.pushManifest(image("https://good/2"), as: "v1", to: app)
        do {
            try await fixture.pushManifest(image("https://evil/"), as: "v2", to: app)
            Issue.record("it was accepted")
        } catch RegistryError.urlRefused(let url, let layer) {
            #expect(url == "https://evil/")
            #expect(layer.digest == config)
        }
    }

    @Test("an index needs its images here, with their sizes")
    func index() async throws {
        let fixture = try await RegistryFixture()
        let image = try await fixture.image("i", in: app)
        let digest = Digest.of(image.utf8)
        func entry(_ size: Int) -> String { RegistryFixture.descriptor(digest, size: size, mediaType: MediaType.imageManifest) }
        let index = RegistryFixture.index([entry(image.utf8.count)])
        #expect(await refusal { try await fixture.pushManifest(index, as: "all", to: app) } == "referencesUnknown")
        try await fixture.pushManifest(image, as: digest.description, to: app)
        try await fixture.pushManifest(index, as: "all", to: app)
        #expect(
            await refusal { try await fixture.pushManifest(RegistryFixture.index([entry(1)]), as: "bad", to: app) }
                == "referenceSizeMismatch")
        // An index of that index.
        let nested = RegistryFixture.index([
            RegistryFixture.descriptor(Digest.of(index.utf8), size: index.utf8.count, mediaType: MediaType.imageIndex)
        ])
        try await fixture.pushManifest(nested, as: "nested", to: app)
        #expect(try await fixture.pullManifest("nested", from: app) == nested)
    }

    @Test("an index may list a blob of this repository")
    func indexOfBlobs() async throws {
        let fixture = try await RegistryFixture()
        let blob = try await fixture.push("blob", to: app)
        try await fixture.pushManifest(
            RegistryFixture.index([RegistryFixture.descriptor(blob, size: 4, mediaType: "text/plain")]), as: "v1", to: app)
        let wrong = RegistryFixture.index([RegistryFixture.descriptor(blob, size: 5, mediaType: "text/plain")])
        #expect(await refusal { try await fixture.pushManifest(wrong, as: "v2", to: app) } == "referenceSizeMismatch")
        let absent = RegistryFixture.index([RegistryFixture.descriptor(Digest.of("absent".utf8), size: 6, mediaType: "text/plain")])
        #expect(await refusal { try await fixture.pushManifest(absent, as: "v3", to: app) } == "referencesUnknown")
    }

    @Test("a sparse index is accepted as far as the policy says")
    func sparseIndex() async throws {
        func entry(_ architecture: String) -> String {
            RegistryFixture.descriptor(
                Digest.of(architecture.utf8), size: 9, mediaType: MediaType.imageManifest,
                more: #","platform":{"os":"linux","architecture":"\#(architecture)"}"#)
        }
        var options = Registry.Options()
        options.manifests.indexEntries = .none
        let none = try await RegistryFixture(.memory, options)
        try await none.pushManifest(RegistryFixture.index([entry("amd64"), entry("arm64")]), as: "v1", to: app)
        options.manifests.indexEntries = .platforms([Platform(os: "linux", architecture: "amd64")])
        let some = try await RegistryFixture(.memory, options)
        try await some.pushManifest(RegistryFixture.index([entry("arm64"), entry("s390x")]), as: "v1", to: app)
        do {
            try await some.pushManifest(RegistryFixture.index([entry("arm64"), entry("amd64")]), as: "v2", to: app)
            Issue.record("it was accepted")
        } catch RegistryError.referencesUnknown(let descriptors) {
            #expect(descriptors.map(\.platform?.architecture) == ["amd64"])
        }
    }

    @Test(
        "a platform is required when it fits one that is listed",
        arguments: [
            (Platform(os: "linux", architecture: "arm64", variant: "v8"), true),
            (Platform(os: "linux", architecture: "arm", variant: "v7"), true),
            (Platform(os: "linux", architecture: "arm", variant: "v6"), false), (Platform(os: "linux", architecture: "arm"), false),
            (Platform(os: "windows", architecture: "arm64"), false), (Platform(os: nil, architecture: nil), false), (nil, true),
        ] as [(Platform?, Bool)])
    func policy(platform: Platform?, isRequired: Bool) {
        var policy = ManifestPolicy()
        let entry = Descriptor(mediaType: MediaType.imageManifest, digest: Digest.of([]), size: 0, platform: platform)
        policy.indexEntries = .platforms([
            Platform(os: "linux", architecture: "arm64"), Platform(os: "linux", architecture: "arm", variant: "v7"),
        ])
        #expect(policy.requires(entry) == isRequired)
        policy.indexEntries = .all
        #expect(policy.requires(entry))
        policy.indexEntries = .none
        #expect(!policy.requires(entry))
    }
}
