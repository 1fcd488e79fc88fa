import Foundation

/// What a registry must know of a manifest: the content it refers to. The bytes themselves are kept apart and never
/// written anew.
public struct Manifest: Sendable, Equatable {
    /// The largest manifest accepted, in bytes (distribution-spec: at least 4 MB should be supported).
    public static let maximumSize = 4 * 1024 * 1024

    public enum Kind: Sendable, Equatable {
        /// An image or artifact: config and layers are blobs.
        case image
        /// An index or manifest list: its entries are manifests.
        case index
    }

    public var mediaType: String
    public var kind: Kind
    public var artifactType: String?
    public var config: Descriptor?
    public var layers: [Descriptor]
    public var manifests: [Descriptor]
    public var subject: Descriptor?
    public var annotations: [String: String]?

    /// The type under which a referrer is listed: its `artifactType`, else the config's media type
    /// (distribution-spec, "Listing Referrers").
    public var effectiveArtifactType: String? {
        if let artifactType, !artifactType.isEmpty { return artifactType }
        return kind == .image ? config?.mediaType : nil
    }
}

/// Why bytes are not a manifest that Cove accepts.
public enum ManifestError: Error, Equatable, Sendable {
    /// Not JSON, too deep, or a field of the wrong type. The text names the field.
    case malformed(String)
    case schema1
    case unknownMediaType(String)
    case mediaTypeMismatch(body: String, header: String)
    /// A descriptor's digest or size is not well-formed.
    case badDescriptor(path: String, reason: String)
}

extension Manifest {
    /// Refuses a `Content-Type` that no manifest can have. Empty is fine: the body then says what it is.
    ///
    /// - Throws: ``ManifestError/schema1``, ``ManifestError/unknownMediaType(_:)``.
    public static func checkContentType(_ contentType: String) throws(ManifestError) {
        let type = MediaType.essence(contentType)
        if type == MediaType.dockerSchema1 || type == MediaType.dockerSchema1Signed { throw .schema1 }
        guard type.isEmpty || MediaType.manifests.contains(type) else { throw .unknownMediaType(type) }
    }

    /// Reads a manifest's bytes.
    ///
    /// - Parameter contentType: the `Content-Type` it came with; nil lets the body's own `mediaType` decide.
    /// - Throws: ``ManifestError``.
    public init(parsing payload: Data, contentType: String?) throws(ManifestError) {
        if let contentType { try Self.checkContentType(contentType) }
        let header = contentType.map(MediaType.essence).flatMap { $0.isEmpty ? nil : $0 }
        let document = try ManifestDocument.decode(payload)
        if document.schemaVersion == 1 { throw .schema1 }
        guard document.schemaVersion == 2 else {
            throw .malformed("schemaVersion must be 2, not \(document.schemaVersion.map(String.init) ?? "absent")")
        }
        let mediaType = try Self.mediaType(of: document, header: header)
        let kind: Kind = mediaType == MediaType.imageIndex || mediaType == MediaType.dockerManifestList ? .index : .image
        try Self.refuseAmbiguity(document, kind: kind)
        if let artifactType = document.artifactType, !MediaType.isPlausible(artifactType) {
            throw .malformed("'artifactType' is not a media type")
        }
        self.mediaType = mediaType
        self.kind = kind
        artifactType = document.artifactType
        annotations = document.annotations
        subject = try document.subject?.descriptor(at: "subject")
        config = kind == .image ? try document.config?.descriptor(at: "config") : nil
        layers = []
        manifests = []
        for (index, layer) in (document.layers ?? document.blobs ?? []).enumerated() where kind == .image {
            layers.append(try layer.descriptor(at: "layers[\(index)]"))
        }
        for (index, child) in (document.manifests ?? []).enumerated() where kind == .index {
            manifests.append(try child.descriptor(at: "manifests[\(index)]"))
        }
        if kind == .image, config == nil, mediaType != MediaType.artifactManifest {
            throw .malformed("an image manifest needs a 'config' descriptor")
        }
        if kind == .index, document.manifests == nil { throw .malformed("an index needs a 'manifests' array") }
    }

    private static func mediaType(
        of document: ManifestDocument, header: String?
    ) throws(ManifestError) -> String {
        let known = MediaType.manifests
        if let body = document.mediaType {
            guard known.contains(body) else { throw .unknownMediaType(body) }
            if let header, header != body {
                throw .mediaTypeMismatch(body: body, header: header)
            }
            return body
        }
        if let header {
            guard known.contains(header) else { throw .unknownMediaType(header) }
            // Docker's types require the field; OCI's only recommend it.
            if header == MediaType.dockerManifest || header == MediaType.dockerManifestList {
                throw .malformed("a manifest of type \(header) needs a 'mediaType' field")
            }
            return header
        }
        if document.manifests != nil { return MediaType.imageIndex }
        if document.config != nil { return MediaType.imageManifest }
        throw .malformed("neither Content-Type nor 'mediaType' says what this manifest is")
    }

    /// A document that is both an image and an index means different things to different clients (CVE-2021-41190).
    private static func refuseAmbiguity(_ document: ManifestDocument, kind: Kind) throws(ManifestError) {
        switch kind {
        case .image where document.manifests != nil:
            throw .malformed("an image manifest must not have a 'manifests' field")
        case .index where document.config != nil || document.layers != nil:
            throw .malformed("an index must not have a 'config' or 'layers' field")
        default: break
        }
    }
}
