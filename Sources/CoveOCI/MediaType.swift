/// The media types of manifests and what they mean to a registry.
public enum MediaType {
    public static let imageManifest = "application/vnd.oci.image.manifest.v1+json"
    public static let imageIndex = "application/vnd.oci.image.index.v1+json"
    public static let dockerManifest = "application/vnd.docker.distribution.manifest.v2+json"
    public static let dockerManifestList = "application/vnd.docker.distribution.manifest.list.v2+json"
    public static let dockerSchema1 = "application/vnd.docker.distribution.manifest.v1+json"
    public static let dockerSchema1Signed = "application/vnd.docker.distribution.manifest.v1+prettyjws"
    public static let artifactManifest = "application/vnd.oci.artifact.manifest.v1+json"

    /// Media types that a descriptor inside an index may have and that name another manifest.
    public static let manifests: Set<String> = [
        imageManifest, imageIndex, dockerManifest, dockerManifestList, artifactManifest,
    ]

    /// Layers that a registry need not hold (image-spec, "Non-Distributable Layers").
    public static func isNonDistributable(_ mediaType: String) -> Bool {
        mediaType.hasPrefix("application/vnd.oci.image.layer.nondistributable.v1.")
            || mediaType == "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
            || mediaType == "application/vnd.docker.image.rootfs.foreign.diff.tar"
    }

    /// Whether a text can be stored and compared as a media type: at most 255 bytes, no control characters. The grammar
    /// of RFC 6838 is not enforced, as the image-spec leaves types of artifacts to their authors.
    static func isPlausible(_ type: String) -> Bool {
        type.utf8.count <= 255 && type.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
    }

    /// The type without parameters, in lower case: `Application/JSON; charset=utf-8` is `application/json`
    /// (RFC 9110 section 8.3.1).
    public static func essence(_ header: some StringProtocol) -> String {
        let end = header.firstIndex(of: ";") ?? header.endIndex
        return String(header[..<end].filter { $0 != " " && $0 != "\t" }).lowercased()
    }
}
