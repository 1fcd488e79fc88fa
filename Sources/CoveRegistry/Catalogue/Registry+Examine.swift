import CoveMetadata
import CoveOCI
import Foundation
import NIOCore
import NIOPosix

extension Registry {
    /// At once, of one page.
    private static let examinedTogether = 8

    /// Reads what was not read yet of artifacts, and keeps it: their configs, and what indexes say of their entries. What cannot be
    /// read now is left as it is, for the next time.
    package func examine(_ artifacts: [ArtifactRecord]) async throws(RegistryError) -> [ArtifactRecord] {
        let missing = artifacts.indices.filter { !artifacts[$0].isExamined }
        if missing.isEmpty { return artifacts }
        return try await registryErrors {
            var result = artifacts
            try await withThrowingTaskGroup(of: (Int, ArtifactRecord?).self) { group in
                for (count, index) in missing.enumerated() {
                    if count >= Self.examinedTogether, let (done, artifact) = try await group.next(), let artifact {
                        result[done] = artifact
                    }
                    group.addTask { (index, try await self.examined(artifacts[index])) }
                }
                for try await (done, artifact) in group { if let artifact { result[done] = artifact } }
            }
            let found = missing.map { result[$0] }.filter(\.isExamined)
            if !options.readOnly, !found.isEmpty {
                try await metadata.write(in: .other) { try $0.keepExaminations(found) }
            }
            return result
        }
    }

    /// - Returns: nil when it is gone.
    private func examined(_ artifact: ArtifactRecord) async throws -> ArtifactRecord? {
        guard let (manifest, config) = try await content(of: artifact) else { return nil }
        var artifact = artifact
        artifact.contentType = manifest.contentType
        artifact.kind = ArtifactKind.name(of: manifest.contentType)
        artifact.children = manifest.kind == .index ? ArtifactDetails.children(of: manifest) : "[]"
        // A mirror's config may come later.
        if let expected = manifest.config, config == nil, expected.size <= ArtifactDetails.largestConfig { return artifact }
        let kind = artifact.kind
        artifact.attributes =
            await config.asyncMap { bytes in
                await Self.offLoop(when: bytes.count) { ArtifactDetails.attributes(ofConfig: bytes, kind: kind) }
            } ?? "{}"
        return artifact
    }

    /// A manifest and its config, which is nil when there is none or it is too large or away.
    private func content(of artifact: ArtifactRecord) async throws -> (manifest: Manifest, config: Data?)? {
        let reference = Reference.digest(artifact.digest)
        let stored = try await metadata.read { try $0.manifest(reference, in: artifact.repository) }
        guard let stored, let payload = stored.payload else { return nil }
        let manifest = try await Self.parse(payload, contentType: stored.mediaType)
        guard let config = manifest.config else { return (manifest, nil) }
        let bytes = try await bytes(of: config.digest, in: artifact.repository, atMost: ArtifactDetails.largestConfig)
        return (manifest, bytes.map { Data($0.readableBytesView) })
    }

    /// Runs what takes long for much on a thread of its own.
    private static func offLoop<T: Sendable>(when size: Int, _ body: @escaping @Sendable () -> T) async -> T {
        guard size > 64 * 1024 else { return body() }
        return await withCheckedContinuation { continuation in
            NIOThreadPool.singleton.submit { _ in continuation.resume(returning: body()) }
        }
    }

    // MARK: - Additions

    /// Something that an artifact has beside its manifest.
    package enum Addition: String, Sendable, CaseIterable {
        case buildHistory = "build_history"
        case values = "values.yaml"
        case readme = "readme.md"
        case dependencies

        /// What has it: ``ArtifactKind``.
        package var kind: String { self == .buildHistory ? ArtifactKind.image : ArtifactKind.chart }
    }

    /// The content of an addition: JSON, YAML or Markdown.
    ///
    /// - Returns: nil when the artifact does not have it, or what has it is larger than is looked into (1 MiB of config, 8 MiB of chart).
    package func addition(_ addition: Addition, of artifact: ArtifactRecord) async throws(RegistryError) -> String? {
        try await registryErrors {
            guard let (manifest, config) = try await content(of: artifact) else { return nil }
            switch addition {
            case .buildHistory:
                return await config.asyncMap { bytes in await Self.offLoop(when: bytes.count) { ArtifactDetails.history(inConfig: bytes) } }
            case .dependencies:
                return await config.asyncMap { bytes in
                    await Self.offLoop(when: bytes.count) { ArtifactDetails.dependencies(inConfig: bytes) }
                }
            case .values, .readme:
                let type = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
                guard let layer = manifest.layers.first(where: { $0.mediaType == type }),
                    let chart = try await bytes(of: layer.digest, in: artifact.repository, atMost: ChartArchive.largest)
                else { return nil }
                return await Self.offLoop(when: .max) { ChartArchive.file(addition.rawValue, in: chart) }
            }
        }
    }
}

extension Optional {
    fileprivate func asyncMap<T>(_ transform: (Wrapped) async throws -> T) async rethrows -> T? {
        guard let value = self else { return nil }
        return try await transform(value)
    }
}
