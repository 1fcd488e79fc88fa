import HTTPTypes

/// The header fields that registries use beside those that HTTPTypes names. Made once: a name is checked when made.
extension HTTPField.Name {
    private static func known(_ name: String) -> HTTPField.Name { HTTPField.Name(name) ?? .server }

    static let dockerContentDigest = known("Docker-Content-Digest")
    static let dockerAPIVersion = known("Docker-Distribution-Api-Version")
    static let dockerUploadUUID = known("Docker-Upload-UUID")
    static let ociSubject = known("OCI-Subject")
    static let ociTag = known("OCI-Tag")
    static let ociFiltersApplied = known("OCI-Filters-Applied")
    static let ociChunkMinLength = known("OCI-Chunk-Min-Length")
    static let link = known("Link")
    static let warning = known("Warning")
    static let requestID = known("X-Request-Id")
    static let forwarded = known("Forwarded")
    static let forwardedHost = known("X-Forwarded-Host")
    static let forwardedProto = known("X-Forwarded-Proto")
    static let forwardedFor = known("X-Forwarded-For")
    static let traceParent = known("traceparent")
    static let traceState = known("tracestate")
    static let realIP = known("X-Real-Ip")
}
