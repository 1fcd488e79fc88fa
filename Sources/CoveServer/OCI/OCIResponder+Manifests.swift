import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore
import NIOCore

extension OCIResponder {
    /// More tags than this in one push are refused with 414.
    private static let mostTags = 1000

    func manifest(
        _ exchange: Exchange, _ text: String, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        let reference = try Self.reference(text, method: exchange.method)
        switch exchange.method {
        case .put: return try await pushManifest(exchange, as: reference, in: name)
        case .delete:
            try await asking { () throws(RegistryError) in
                try await registry.deleteManifest(reference, in: name, origin: exchange.origin)
            }
            return .empty(.accepted)
        default: return try await pullManifest(exchange, reference, in: name)
        }
    }

    private func pullManifest(
        _ exchange: Exchange, _ reference: Reference, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        var headers = HTTPFields()
        let manifest = try await asking { () throws(RegistryError) in
            let (manifest, more) = try await source(reference, in: name, exchange)
            headers = more
            return try await negotiated(manifest, for: reference, in: name, exchange)
        }
        headers[.contentType] = manifest.mediaType
        headers[.dockerContentDigest] = manifest.digestText
        headers[.eTag] = "\"\(manifest.digestText)\""
        if case .digest = reference { headers[.cacheControl] = "max-age=31536000, immutable" }
        if let condition = exchange.headers[.ifNoneMatch], Self.matches(condition, text: manifest.digestText) {
            return .empty(.notModified, headers: headers)
        }
        headers[.contentLength] = String(manifest.payload.readableBytes)
        return Response(status: .ok, headers: headers, body: .init(byteBuffer: manifest.payload))
    }

    /// What a client gets that does not take the manifest's type (distribution-spec, `content-negotiation.md`).
    ///
    /// As with registry:2: an old client that takes images only and asks by tag for an index gets its linux/amd64
    /// image. Everything else is served as it is; nothing is ever converted.
    private func negotiated(
        _ manifest: PulledManifest, for reference: Reference, in name: RepositoryName, _ exchange: Exchange
    ) async throws(RegistryError) -> PulledManifest {
        guard case .tag = reference else { return manifest }
        guard manifest.mediaType == MediaType.dockerManifestList || manifest.mediaType == MediaType.imageIndex else {
            return manifest
        }
        let accepted = exchange.headers[values: .accept].flatMap { $0.split(separator: ",") }.map(MediaType.essence)
        guard !accepted.isEmpty, !accepted.contains(where: { Self.accepts($0, manifest.mediaType) }),
            accepted.contains(MediaType.dockerManifest) || accepted.contains(MediaType.imageManifest),
            let index = try? Manifest(parsing: .init(manifest.payload.readableBytesView), contentType: manifest.mediaType),
            let entry = index.manifests.first(where: {
                $0.platform?.os == "linux" && $0.platform?.architecture == "amd64" && accepted.contains($0.mediaType)
            })
        else { return manifest }
        return try await source(.digest(entry.digest), in: name, exchange).manifest
    }

    private static func accepts(_ range: String, _ type: String) -> Bool {
        range == type || range == "*/*" || range == "application/*"
    }

    private func pushManifest(
        _ exchange: Exchange, as reference: Reference, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        let tags = try Self.tags(exchange)
        let tooLarge = OCIFailure(
            status: .contentTooLarge, code: .manifestInvalid,
            message: "the manifest is larger than the limit of \(Manifest.maximumSize) bytes (4 MiB)")
        if let length = exchange.contentLength, length > Manifest.maximumSize { throw tooLarge }
        // What can be told before the body is: a client may be waiting for leave to send it.
        try await asking { () throws(RegistryError) in
            try registry.checkManifestPush(to: name, contentType: exchange.headers[.contentType])
        }
        let payload: ByteBuffer?
        do {
            payload = try await exchange.body.collect(upTo: Manifest.maximumSize)
        } catch {
            throw OCIFailure(
                status: .badRequest, code: .manifestInvalid, message: "the manifest's body ended early; push it again")
        }
        guard let payload else { throw tooLarge }
        let receipt = try await asking { () throws(RegistryError) in
            try await registry.pushManifest(
                payload, contentType: exchange.headers[.contentType], as: reference, tags: tags, in: name,
                classes: exchange.grant.classes(in: name), origin: exchange.origin)
        }
        var headers: HTTPFields = [
            .location: options.location.url("/v2/\(name)/manifests/\(receipt.digest)", for: exchange),
            .dockerContentDigest: receipt.digest.description,
        ]
        if let subject = receipt.subject { headers[.ociSubject] = subject.description }
        for tag in tags { headers.append(HTTPField(name: .ociTag, value: tag.description)) }
        return .empty(.created, headers: headers)
    }

    /// A reference that is malformed cannot exist: 404 for who looks for it, 400 for who wants to make it.
    private static func reference(_ text: String, method: HTTPRequest.Method) throws(OCIFailure) -> Reference {
        do throws(Reference.ParseError) {
            return try Reference(parsing: text)
        } catch {
            if case .digest(let why) = error { throw .badDigest(text, why) }
            if method == .put { throw badTag(text) }
            throw OCIFailure(
                status: .notFound, code: .manifestUnknown,
                message: "there is no manifest '\(text.prefix(140))': it is neither a tag nor a digest")
        }
    }

    private static func tags(_ exchange: Exchange) throws(OCIFailure) -> [Tag] {
        let texts = exchange.parameters("tag")
        guard texts.count <= mostTags else {
            throw OCIFailure(
                status: .uriTooLong, code: .unsupported,
                message: "\(texts.count) tags in one request; at most \(mostTags) are accepted")
        }
        var tags: [Tag] = []
        for text in texts {
            do {
                let tag = try Tag(parsing: text)
                if !tags.contains(tag) { tags.append(tag) }
            } catch {
                throw badTag(text)
            }
        }
        return tags
    }

    private static func badTag(_ text: String) -> OCIFailure {
        OCIFailure(
            status: .badRequest, code: .tagInvalid,
            message:
                "'\(text.prefix(140))' is not a tag; tags are 1 to 128 letters, digits, '_', '.' or '-' and begin with neither '.' nor '-'",
            detail: ["tag": String(text.prefix(140))])
    }
}
