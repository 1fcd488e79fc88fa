import CoveBlobs
import CoveClient
import CoveMetadata
import CoveOCI
import CoveOutbound
import Foundation
import Logging
import NIOCore
import Synchronization
import TestSupport

@testable import CoveRegistry

/// An upstream with content of the test's making.
final class FakeUpstream: Sendable {
    struct State: Sendable {
        var tags: [String: String] = [:]
        var manifests: [String: (type: String, text: String)] = [:]
        var blobs: [String: String] = [:]
        var referrers: [String]?
        /// Answers everything, when set.
        var answer: HTTPFake.Answer?
        var pause = Duration.zero
        /// The second halves of blobs stay away as long.
        var isHeld = false
        /// Blobs break off after their first half, so often.
        var breaks = 0
    }

    let state = Shared(State())
    let server: HTTPFake

    init() async throws {
        let state = state
        server = try await HTTPFake { Self.respond($0, state) }
    }

    /// Puts an image of one layer there, under a tag.
    @discardableResult
    func put(_ tag: String, layer: String, in repository: String = "team/app", more: String = "") -> (manifest: Digest, layer: Digest) {
        let digest = Digest.of(layer.utf8)
        let config = RegistryFixture.descriptor(Digest.of("{}".utf8), size: 2)
        let text =
            #"{"schemaVersion":2,"mediaType":"\#(MediaType.imageManifest)","config":\#(config),"layers":[\#(RegistryFixture.descriptor(digest, size: layer.utf8.count))]\#(more)}"#
        let manifest = Digest.of(text.utf8)
        state.change { state in
            state.tags["\(repository):\(tag)"] = "\(manifest)"
            state.manifests["\(repository)@\(manifest)"] = (MediaType.imageManifest, text)
            state.blobs["\(repository)@\(digest)"] = layer
            state.blobs["\(repository)@\(Digest.of("{}".utf8))"] = "{}"
        }
        return (manifest, digest)
    }

    private static func respond(_ request: HTTPFake.Request, _ shared: Shared<State>) -> HTTPFake.Answer {
        let state = shared.value
        if let answer = state.answer { return answer }
        let parts = request.path.split(separator: "/").dropFirst().map(String.init)
        guard parts.count >= 3 else { return .init(200, [], "{}") }
        let name = parts.dropLast(2).joined(separator: "/")
        let last = parts[parts.count - 1]
        switch parts[parts.count - 2] {
        case "manifests":
            let digest = last.contains(":") ? last : state.tags["\(name):\(last)"] ?? ""
            guard let manifest = state.manifests["\(name)@\(digest)"] else { return .init(404) }
            if request.header("if-none-match") == "\"\(digest)\"" { return .init(304) }
            return .init(200, [("Content-Type", manifest.type), ("Docker-Content-Digest", digest)], manifest.text)
        case "blobs":
            guard let blob = state.blobs["\(name)@\(last)"] else { return .init(404) }
            if let range = request.header("range"), let start = Int(range.dropFirst("bytes=".count).dropLast()) {
                return .init(
                    206, [("Content-Range", "bytes \(start)-\(blob.utf8.count - 1)/\(blob.utf8.count)")], String(blob.dropFirst(start)))
            }
            let half = blob.utf8.count / 2
            var answer = HTTPFake.Answer(200, [("Content-Length", "\(blob.utf8.count)")], String(blob.prefix(half)))
            if state.breaks > 0, request.method == "GET" {
                shared.change { $0.breaks -= 1 }
                answer.breaksOff = true
            } else {
                answer.pieces.append(ByteBuffer(string: String(blob.dropFirst(half))))
            }
            answer.pause = state.pause
            answer.isHeld = { $0 == 1 && shared.value.isHeld }
            return answer
        case "tags":
            let names = state.tags.keys.filter { $0.hasPrefix("\(name):") }.map { String($0.dropFirst(name.count + 1)) }.sorted()
            guard !names.isEmpty else { return .init(404) }
            return .init(200, [], #"{"name":"\#(name)","tags":[\#(names.map { "\"\($0)\"" }.joined(separator: ","))]}"#)
        case "referrers":
            guard let referrers = state.referrers else { return .init(404) }
            return .init(200, [("Content-Type", MediaType.imageIndex)], RegistryFixture.index(referrers))
        default: return .init(404)
        }
    }
}

/// A registry that mirrors a fake upstream.
struct MirrorFixture {
    let upstream: FakeUpstream
    let local: RegistryFixture
    let mirrors: Mirrors
    let connections: OutboundClients

    init(
        _ kind: RegistryFixture.Kind = .filesystem, prefix: String = "", _ change: (inout Upstream) -> Void = { _ in },
        options: Registry.Options = .init()
    ) async throws {
        upstream = try await FakeUpstream()
        var rules = RetryRules()
        rules.firstPause = .milliseconds(1)
        rules.longestPause = .milliseconds(2)
        connections = RegistryClient.connections(.none, rules: rules)
        let client = RegistryClient(
            try RegistryAddress(parsing: upstream.server.url), credentials: .anonymous, rules: rules, connections: connections,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        var settings = Upstream(prefix: prefix, namespace: "up.test", client: client)
        change(&settings)
        var options = options
        options.upstreams = Upstreams([settings])
        local = try await RegistryFixture(kind, options)
        mirrors = Mirrors(local.registry)
    }

    func end() async {
        for mirror in mirrors.all { await mirror.stop() }
        await connections.close()
        await upstream.server.stop()
    }

    var mirror: UpstreamMirror { mirrors.all[0] }
    var repository: RepositoryName {
        get throws {
            let prefix = mirror.upstream.prefix
            return try RepositoryName(parsing: prefix.isEmpty ? "team/app" : "\(prefix)/team/app")
        }
    }

    func pull(_ reference: String) async throws -> Mirrored<PulledManifest> {
        try await mirror.manifest(Reference(parsing: reference), in: repository, origin: local.origin)
    }

    /// The digest that a tag names, with a mark when the answer may be out of date.
    func digest(_ reference: String) async throws -> String {
        let answer = try await pull(reference)
        return "\(answer.value.digest)\(answer.staleness == nil ? "" : " stale")"
    }

    func blob(_ digest: Digest) async throws -> String {
        try await read(mirror.openBlob(digest, in: repository, origin: local.origin))
    }

    func read(_ content: BlobContent) async throws -> String {
        switch content.bytes {
        case .memory(let bytes): return String(buffer: bytes)
        case .elsewhere(let url): return url
        case .storage(let reader):
            var text = ""
            while Int64(text.utf8.count) < content.size {
                text += String(buffer: try await reader.read(at: Int64(text.utf8.count), length: 100_000))
            }
            await reader.close()
            return text
        }
    }

    /// Waits until no blob is on its way any more.
    func settle() async throws {
        while mirror.blobFetches.withLock({ !$0.isEmpty }) { try await Task.sleep(for: .milliseconds(2)) }
    }

    /// Takes the upstream away, or brings it back.
    func answer(_ status: Int?, _ headers: [(String, String)] = []) {
        upstream.state.change { $0.answer = status.map { .init($0, headers) } }
    }
}
