import CoveOCI
import NIOCore
import Testing

@testable import CoveRegistry

@Suite("Registry: classes of images")
struct ManifestClassTests {
    private let app: RepositoryName

    init() throws {
        app = try RepositoryName(parsing: "app")
    }

    private static let dockerImage = "application/vnd.docker.container.image.v1+json"
    private static let ociImage = "application/vnd.oci.image.config.v1+json"
    private static let plugin = "application/vnd.docker.plugin.v1+json"

    /// What comes of pushing an image manifest with a config of a type.
    private func push(
        _ mediaType: String, config: String, allowed: Set<ManifestClass>, granted: Set<String>? = nil
    ) async throws -> String? {
        var options = Registry.Options()
        options.manifests.classes = allowed
        let fixture = try await RegistryFixture(.memory, options)
        let descriptor = RegistryFixture.descriptor(try await fixture.push("{}", to: app), size: 2, mediaType: config)
        let json = #"{"schemaVersion":2,"mediaType":"\#(mediaType)","config":\#(descriptor),"layers":[]}"#
        let reference = try Reference(parsing: "v1")
        do throws(RegistryError) {
            _ = try await fixture.registry.pushManifest(
                ByteBuffer(string: json), contentType: nil, as: reference, tags: [], in: app, classes: granted, origin: fixture.origin)
            return nil
        } catch {
            return error.name
        }
    }

    @Test("where no classes are named, everything is taken, whatever the token says")
    func unnamed() async throws {
        #expect(try await push(MediaType.imageManifest, config: "application/x", allowed: [], granted: []) == nil)
    }

    @Test("images of a class that is named are taken, of others not, and what has no class neither")
    func named() async throws {
        #expect(try await push(MediaType.dockerManifest, config: Self.dockerImage, allowed: [.image]) == nil)
        #expect(try await push(MediaType.imageManifest, config: Self.ociImage, allowed: [.image]) == nil)
        #expect(try await push(MediaType.dockerManifest, config: Self.plugin, allowed: [.image]) == "classRefused")
        #expect(try await push(MediaType.dockerManifest, config: Self.plugin, allowed: [.image, .plugin]) == nil)
        #expect(try await push(MediaType.imageManifest, config: Self.ociImage, allowed: [.plugin]) == "classRefused")
        #expect(try await push(MediaType.imageManifest, config: "application/x", allowed: [.image, .plugin]) == "classRefused")
    }

    @Test("the client must have been granted the class")
    func granted() async throws {
        let both: Set<ManifestClass> = [.image, .plugin]
        #expect(try await push(MediaType.dockerManifest, config: Self.plugin, allowed: both, granted: ["plugin"]) == nil)
        #expect(try await push(MediaType.dockerManifest, config: Self.plugin, allowed: both, granted: ["image"]) == "classRefused")
    }

    @Test("indexes have no class")
    func indexes() async throws {
        var options = Registry.Options()
        options.manifests.classes = [.plugin]
        let fixture = try await RegistryFixture(.memory, options)
        try await fixture.pushManifest(RegistryFixture.index([]), as: "v1", to: app)
    }
}
