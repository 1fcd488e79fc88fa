import Foundation

/// The JSON of any manifest type, as it stands on the wire. Unknown fields are left alone.
struct ManifestDocument: Decodable {
    var schemaVersion: Int?
    var mediaType: String?
    var artifactType: String?
    var config: DescriptorDocument?
    var layers: [DescriptorDocument]?
    var blobs: [DescriptorDocument]?
    var manifests: [DescriptorDocument]?
    var subject: DescriptorDocument?
    var annotations: [String: String]?

    static func decode(_ payload: Data) throws(ManifestError) -> ManifestDocument {
        // The decoder also reads UTF-16 and UTF-32, which no client does (RFC 8259 section 8.1). In them every bracket
        // comes with a NUL, which no UTF-8 JSON holds.
        guard !payload.contains(0) else { throw .malformed("a manifest is UTF-8 text without NUL bytes") }
        guard let nesting = JSONNesting.depth(of: payload), nesting <= JSONNesting.maximumDepth else {
            throw .malformed("JSON is nested deeper than \(JSONNesting.maximumDepth) levels or not balanced")
        }
        do {
            return try JSONDecoder().decode(ManifestDocument.self, from: payload)
        } catch let error as DecodingError {
            throw .malformed(error.whereAndWhy)
        } catch {
            throw .malformed("not JSON")
        }
    }
}

/// A descriptor's JSON. Digest and size are checked when it becomes a ``Descriptor``.
struct DescriptorDocument: Decodable {
    var mediaType: String?
    var digest: String?
    var size: Int64?
    var urls: [String]?
    var artifactType: String?
    var annotations: [String: String]?
    var platform: Platform?
    var data: String?

    func descriptor(at path: String) throws(ManifestError) -> Descriptor {
        guard let digest else { throw .badDescriptor(path: "\(path).digest", reason: "is missing") }
        guard let size else { throw .badDescriptor(path: "\(path).size", reason: "is missing") }
        guard size >= 0 else { throw .badDescriptor(path: "\(path).size", reason: "is negative: \(size)") }
        guard let mediaType, !mediaType.isEmpty else {
            throw .badDescriptor(path: "\(path).mediaType", reason: "is missing")
        }
        let parsed: Digest
        do {
            parsed = try Digest(parsing: digest)
        } catch {
            throw .badDescriptor(path: "\(path).digest", reason: "is not a sha256 or sha512 digest: \(digest.prefix(140))")
        }
        if let data { try verify(data, against: parsed, size: size, at: path) }
        return Descriptor(
            mediaType: mediaType, digest: parsed, size: size, urls: urls ?? [], artifactType: artifactType,
            annotations: annotations, platform: platform)
    }

    /// Embedded content must be what the descriptor says (image-spec, `descriptor.md`, "data").
    private func verify(_ data: String, against digest: Digest, size: Int64, at path: String) throws(ManifestError) {
        guard let bytes = Data(base64Encoded: data) else {
            throw .badDescriptor(path: "\(path).data", reason: "is not base64")
        }
        guard bytes.count == size, Digest.of(bytes, algorithm: digest.algorithm) == digest else {
            throw .badDescriptor(path: "\(path).data", reason: "does not match the descriptor's digest and size")
        }
    }
}

extension DecodingError {
    /// One line that names the field and what is wrong with it.
    var whereAndWhy: String {
        let context: Context
        switch self {
        case .typeMismatch(_, let inner), .valueNotFound(_, let inner), .keyNotFound(_, let inner),
            .dataCorrupted(let inner):
            context = inner
        @unknown default: return "not the expected JSON"
        }
        let path = context.codingPath.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        let field = path.isEmpty ? "the document" : "'\(path.drop(while: { $0 == "." }))'"
        return switch self {
        case .typeMismatch(let type, _): "\(field) has the wrong type, expected \(Self.name(of: type))"
        case .valueNotFound: "\(field) is null"
        case .dataCorrupted: "\(field) is not valid JSON"
        default: "\(field) is not as expected"
        }
    }

    private static func name(of type: any Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Int.Type, is Int64.Type: "an integer"
        case is [Any].Type: "an array"
        default: "\(type)".hasPrefix("Array") ? "an array" : "\(type)".hasPrefix("Dictionary") ? "an object" : "an object"
        }
    }
}
