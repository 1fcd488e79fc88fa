import CoveBlobs
import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// Pushing blobs.
extension OCIResponder {
    /// `POST …/blobs/uploads/`: mounts a blob, stores one from this request's body, or begins an upload.
    func beginUpload(_ exchange: Exchange, in name: RepositoryName) async throws(OCIFailure) -> Response {
        if let mount = exchange.parameter("mount") {
            let digest = try Self.digest(mount)
            let source: RepositoryName?
            if let from = exchange.parameter("from"), !from.isEmpty { source = try Self.name(from) } else { source = nil }
            // Who may not read the source uploads as if there were none.
            let mounted = try await asking { () throws(RegistryError) in
                guard exchange.grant.allowsMount(from: source) else { return false }
                return try await registry.mountBlob(digest, from: source, to: name, origin: exchange.origin)
            }
            if mounted { return created(digest, in: name, exchange) }
        } else if let text = exchange.parameter("digest") {
            let digest = try Self.digest(text)
            try await asking { () throws(RegistryError) in
                try await registry.pushBlob(
                    exchange.body, length: exchange.contentLength, expecting: digest, in: name, origin: exchange.origin)
            }
            return created(digest, in: name, exchange)
        }
        let algorithm = try Self.algorithm(exchange.parameter("digest-algorithm"))
        let id = try await asking { () throws(RegistryError) in
            try await registry.beginUpload(in: name, algorithm: algorithm)
        }
        var headers = progress(of: id, received: 0, in: name, exchange)
        // Any chunk will do: there is no minimum but one byte.
        headers[.ociChunkMinLength] = "1"
        return .empty(.accepted, headers: headers)
    }

    /// `GET`, `PATCH`, `PUT` and `DELETE` of an upload.
    func upload(_ exchange: Exchange, _ text: String, in name: RepositoryName) async throws(OCIFailure) -> Response {
        guard let id = UploadID(parsing: text) else { throw OCIFailure(.uploadUnknown(text)) }
        switch exchange.method {
        case .patch: return try await appendChunk(exchange, to: id, in: name)
        case .put: return try await finishUpload(exchange, id, in: name)
        case .delete:
            try await asking { () throws(RegistryError) in try await registry.cancelUpload(id, in: name) }
            return .empty(.noContent)
        default:
            let received = try await asking { () throws(RegistryError) in
                try await registry.uploadStatus(id, in: name)
            }
            return .empty(.noContent, headers: progress(of: id, received: received, in: name, exchange))
        }
    }

    private func appendChunk(
        _ exchange: Exchange, to id: UploadID, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        let claim = try Self.claim(exchange)
        let received = try await askingForUpload(id, in: name, exchange) { () throws(RegistryError) in
            if exchange.isAwaitingContinue { try await registry.checkChunk(claim, of: id, in: name) }
            return try await registry.appendChunk(
                exchange.body, claim: claim, to: id, in: name, interrupt: exchange.interrupt)
        }
        return .empty(.accepted, headers: progress(of: id, received: received, in: name, exchange))
    }

    private func finishUpload(
        _ exchange: Exchange, _ id: UploadID, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        guard let text = exchange.parameter("digest") else {
            throw OCIFailure(
                status: .badRequest, code: .digestInvalid,
                message: "an upload is finished with PUT and ?digest=<digest of the whole blob>; the parameter is missing")
        }
        let digest = try Self.digest(text)
        let claim = try Self.claim(exchange)
        try await askingForUpload(id, in: name, exchange) { () throws(RegistryError) in
            if exchange.isAwaitingContinue { try await registry.checkChunk(claim, of: id, in: name) }
            try await registry.finishUpload(
                id, expecting: digest, body: exchange.body, claim: claim, in: name, origin: exchange.origin,
                interrupt: exchange.interrupt)
        }
        return created(digest, in: name, exchange)
    }

    /// As ``asking(_:)``; a chunk out of order is answered with where to go on.
    private func askingForUpload<T>(
        _ id: UploadID, in name: RepositoryName, _ exchange: Exchange,
        _ body: () async throws(RegistryError) -> T
    ) async throws(OCIFailure) -> T {
        try await asking(body) { failure, error in
            if case .chunkOutOfOrder(_, let received) = error {
                failure.headers = progress(of: id, received: received, in: name, exchange)
            }
        }
    }

    private func created(_ digest: Digest, in name: RepositoryName, _ exchange: Exchange) -> Response {
        .empty(
            .created,
            headers: [
                .location: options.location.url("/v2/\(name)/blobs/\(digest)", for: exchange),
                .dockerContentDigest: digest.description,
            ])
    }

    /// Where to go on and how much is there. An empty upload says `0-0`, as registry:2 does.
    private func progress(
        of id: UploadID, received: Int64, in name: RepositoryName, _ exchange: Exchange
    ) -> HTTPFields {
        [
            .location: options.location.url("/v2/\(name)/blobs/uploads/\(id.uuid)", for: exchange),
            .range: "0-\(max(0, received - 1))",
            .dockerUploadUUID: id.uuid,
        ]
    }

    private static func claim(_ exchange: Exchange) throws(OCIFailure) -> ChunkClaim {
        let length = exchange.contentLength
        guard let header = exchange.headers[.contentRange] else { return ChunkClaim(length: length) }
        guard let range = ChunkRange(header: header) else {
            throw OCIFailure(
                status: .badRequest, code: .rangeInvalid,
                message: "Content-Range '\(header.prefix(64))' is not of the form <first byte>-<last byte>")
        }
        if let length, length != range.length {
            throw OCIFailure(
                status: .badRequest, code: .sizeInvalid,
                message: "Content-Range '\(header)' is \(range.length) bytes long, but Content-Length is \(length)")
        }
        return ChunkClaim(start: range.first, length: range.length)
    }

    private static func algorithm(_ name: String?) throws(OCIFailure) -> Digest.Algorithm {
        guard let name else { return .sha256 }
        guard let algorithm = Digest.Algorithm(rawValue: name) else {
            throw .badDigest(name, .unsupportedAlgorithm(name))
        }
        return algorithm
    }
}
