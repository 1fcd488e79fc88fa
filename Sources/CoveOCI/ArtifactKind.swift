/// What an artifact is, in the words of Harbor's API: `IMAGE`, `CHART`, `WASM`…
public enum ArtifactKind {
    public static let image = "IMAGE"
    public static let chart = "CHART"
    public static let unknown = "UNKNOWN"

    private static let known: [String: String] = [
        MediaType.imageIndex: image,
        MediaType.dockerManifestList: image,
        "application/vnd.oci.image.config.v1+json": image,
        "application/vnd.docker.container.image.v1+json": image,
        "application/vnd.cncf.helm.config.v1+json": chart,
        "application/vnd.cnab.manifest.v1": "CNAB",
        "application/vnd.wasm.config.v1+json": "WASM",
        "application/vnd.cncf.model.config.v1+json": "CNAI",
        "application/vnd.goharbor.harbor.sbom.v1": "SBOM",
    ]

    /// - Parameter contentType: ``Manifest/contentType``.
    /// - Returns: for a type that is not known, the word in `application/vnd.acme.thing.config.v1+json` that tells it, in capitals;
    ///   ``unknown`` where there is none.
    public static func name(of contentType: String) -> String {
        if let name = known[contentType] { return name }
        let prefix = "application/vnd."
        guard contentType.hasPrefix(prefix), contentType.hasSuffix("+json") else { return unknown }
        let words = contentType.dropFirst(prefix.count).dropLast("+json".count).split(separator: ".", omittingEmptySubsequences: false)
        guard words.count >= 4, words[words.count - 2] == "config" else { return unknown }
        return words[1..<words.count - 2].joined(separator: ".").uppercased()
    }

    /// What a referrer is to its subject, in the same words.
    public static func accessory(of artifactType: String?, contentType: String) -> String {
        for type in [artifactType ?? "", contentType] {
            switch type {
            case "application/vnd.cncf.notary.signature": return "signature.notation"
            case "application/vnd.dev.cosign.artifact.sig.v1+json": return "signature.cosign"
            case "application/vnd.goharbor.harbor.sbom.v1": return "sbom.harbor"
            case let type where type.hasPrefix("application/vnd.dev.sigstore.bundle"): return "signature.cosign"
            case let type where type.contains("nydus"): return "accelerator.nydus"
            default: continue
            }
        }
        return "subject.accessory"
    }
}

extension Manifest {
    /// The media type that says what the artifact is: the config's, or for an index its own.
    public var contentType: String {
        switch kind {
        case .index:
            annotations?["org.opencontainers.artifactType"] == "application/vnd.cnab.manifest.v1"
                ? "application/vnd.cnab.manifest.v1" : mediaType
        case .image: config?.mediaType ?? artifactType ?? mediaType
        }
    }
}

extension Tag {
    /// The manifest that cosign's signature under such a tag is of (`sha256-<hex>.sig`); nil for any other tag.
    public var signedDigest: Digest? {
        guard description.hasPrefix("sha256-"), description.hasSuffix(".sig") else { return nil }
        return try? Digest(parsing: "sha256:\(description.dropFirst(7).dropLast(4))")
    }
}
