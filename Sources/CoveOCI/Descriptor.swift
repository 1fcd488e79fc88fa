/// A descriptor (OCI image-spec, `descriptor.md`): what content there is, of which type and how large.
public struct Descriptor: Hashable, Sendable {
    public var mediaType: String
    public var digest: Digest
    /// Size of the content in bytes, 0 or more.
    public var size: Int64
    public var urls: [String]
    public var artifactType: String?
    public var annotations: [String: String]?
    public var platform: Platform?

    public init(
        mediaType: String, digest: Digest, size: Int64, urls: [String] = [], artifactType: String? = nil,
        annotations: [String: String]? = nil, platform: Platform? = nil
    ) {
        self.mediaType = mediaType
        self.digest = digest
        self.size = size
        self.urls = urls
        self.artifactType = artifactType
        self.annotations = annotations
        self.platform = platform
    }
}

/// The platform of an index entry (OCI image-spec, `image-index.md`).
public struct Platform: Hashable, Sendable, Codable {
    public var os: String?
    public var architecture: String?
    public var variant: String?

    public init(os: String?, architecture: String?, variant: String? = nil) {
        self.os = os
        self.architecture = architecture
        self.variant = variant
    }
}
