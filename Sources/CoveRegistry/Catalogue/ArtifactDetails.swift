import CoveMetadata
import CoveOCI
import Foundation

/// What can be said of an artifact beside its manifest: worked out once, and kept.
enum ArtifactDetails {
    /// Of a config; larger ones are not looked into.
    static let largestConfig = 1 << 20
    private static let imageFields = ["architecture", "author", "config", "created", "os", "os.version", "variant"]

    /// What a config says, as a JSON object: of images what tells them apart, of others all.
    ///
    /// - Returns: `{}` for a config that is no JSON object.
    static func attributes(ofConfig config: Data, kind: String) -> String {
        guard let object = try? JSONSerialization.jsonObject(with: config), let fields = object as? [String: Any] else { return "{}" }
        let kept =
            kind == ArtifactKind.image || kind == "WASM"
            ? fields.filter { imageFields.contains($0.key) && !($0.value is NSNull) } : fields
        return text(kept)
    }

    /// What an image's config says of how it was built, as a JSON array.
    static func history(inConfig config: Data) -> String {
        let object = (try? JSONSerialization.jsonObject(with: config)) as? [String: Any]
        return text(object?["history"] as? [Any] ?? [])
    }

    /// The charts that a chart needs, as a JSON array of name, version and repository.
    static func dependencies(inConfig config: Data) -> String {
        let object = (try? JSONSerialization.jsonObject(with: config)) as? [String: Any]
        let dependencies = (object?["dependencies"] as? [Any] ?? []).compactMap { $0 as? [String: Any] }
        return text(
            dependencies.map { dependency in
                dependency.filter { ["name", "version", "repository"].contains($0.key) && $0.value is String }
            })
    }

    /// Of the entries of an index, as a JSON array of ``ArtifactChild``.
    static func children(of manifest: Manifest) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes]
        return (try? encoder.encode(manifest.manifests.map(ArtifactChild.init))).map { String(decoding: $0, as: UTF8.self) } ?? "[]"
    }

    private static func text(_ value: Any) -> String {
        (try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys, .withoutEscapingSlashes]))
            .map { String(decoding: $0, as: UTF8.self) } ?? (value is [Any] ? "[]" : "{}")
    }
}
