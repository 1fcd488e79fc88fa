import CoveIdentity
import CoveMetadata
import CoveOCI
import CoveRegistry
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore

/// A refusal in the distribution-spec's terms: a status, an error envelope and headers.
struct OCIFailure: Error {
    var status: HTTPResponse.Status
    var code: ErrorCode
    /// What was wrong and what to do about it.
    var message: String
    var detail: [String: String] = [:]
    /// The rights that were missing, instead of another detail.
    var missing: [Access] = []
    var headers = HTTPFields()
    /// That the project would have held more than it may: there are webhooks for that.
    var exceeded: QuotaExceeded?
    /// What failed inside: for the log, not for the client.
    var cause: String?

    private struct Envelope: Encodable {
        struct Item: Encodable {
            let code: String
            let message: String
            let detail: Detail?
        }

        enum Detail: Encodable {
            case texts([String: String])
            case rights([Right])

            func encode(to encoder: any Encoder) throws {
                switch self {
                case .texts(let texts): try texts.encode(to: encoder)
                case .rights(let rights): try rights.encode(to: encoder)
                }
            }
        }

        /// A right as registry:2 and registry:3 spell it.
        struct Right: Encodable {
            enum CodingKeys: String, CodingKey {
                case type = "Type"
                case kind = "Class"
                case name = "Name"
                case action = "Action"
            }

            let type: String
            let kind = ""
            let name: String
            let action: String
        }

        let errors: [Item]

        init(_ failure: OCIFailure) {
            let rights = failure.missing.flatMap { access in
                access.actions.map { Right(type: access.resource.type, name: access.resource.name, action: $0.rawValue) }
            }
            let detail: Detail? =
                if !rights.isEmpty { .rights(rights) } else if !failure.detail.isEmpty { .texts(failure.detail) } else { nil }
            errors = [Item(code: failure.code.rawValue, message: failure.message, detail: detail)]
        }
    }

    /// The answer with the `{"errors":[…]}` envelope.
    var response: Response { .json(Envelope(self), status: status, headers: headers) }

    /// The envelope's bytes.
    var envelope: ByteBuffer { .json(Envelope(self)) }
}

extension OCIFailure {
    static func methodNotAllowed(_ method: HTTPRequest.Method, allowed: [HTTPRequest.Method]) -> OCIFailure {
        let list = allowed.map(\.rawValue).joined(separator: ", ")
        return OCIFailure(
            status: .methodNotAllowed, code: .unsupported,
            message: "\(method.rawValue) is not supported here; use one of \(list)", headers: [.allow: list])
    }

    static func badDigest(_ text: String, _ error: Digest.ParseError) -> OCIFailure {
        let why =
            switch error {
            case .malformed: "'\(text.prefix(140))' is not a digest; expected sha256:<64 hex> or sha512:<128 hex>"
            case .unsupportedAlgorithm(let name): "digest algorithm '\(name.prefix(40))' is not supported; use sha256 or sha512"
            }
        return OCIFailure(status: .badRequest, code: .digestInvalid, message: why, detail: ["digest": String(text.prefix(140))])
    }

    static func badName(_ text: String, _ error: RepositoryName.ParseError) -> OCIFailure {
        let why =
            switch error {
            case .empty: "the repository name is empty"
            case .tooLong(let length): "the repository name has \(length) bytes; at most \(RepositoryName.maximumLength) are allowed"
            case .malformed:
                "'\(text.prefix(255))' is not a repository name; components are lower-case letters and digits, separated inside by '.', '_', '__' or '-' and from each other by '/'"
            }
        return OCIFailure(status: .badRequest, code: .nameInvalid, message: why, detail: ["name": String(text.prefix(255))])
    }

    init(_ error: RegistryError) {
        switch error {
        case .repositoryUnknown(let name):
            self.init(
                status: .notFound, code: .nameUnknown, message: "repository '\(name)' is not known to this registry",
                detail: ["name": name.description])
        case .blobUnknown(let digest):
            self.init(
                status: .notFound, code: .blobUnknown, message: "blob \(digest) is not in this repository",
                detail: ["digest": digest.description])
        case .manifestUnknown(let reference, let name):
            self.init(
                status: .notFound, code: .manifestUnknown, message: "repository '\(name)' has no manifest '\(reference)'",
                detail: ["reference": reference.description])
        case .uploadUnknown(let id):
            self.init(
                status: .notFound, code: .blobUploadUnknown,
                message:
                    "there is no upload '\(id.prefix(64))' in this repository; it was finished, cancelled or expired. Begin a new one with POST"
            )
        case .uploadBusy(let id):
            self.init(
                status: .conflict, code: .blobUploadInvalid,
                message: "another request is writing to upload '\(id)'; wait for it, then ask for the upload's status with GET")
        case .digestMismatch(let expected, let actual):
            self.init(
                status: .badRequest, code: .digestInvalid,
                message: "the content's digest is \(actual), not \(expected) as stated; nothing was stored",
                detail: ["expected": expected.description, "actual": actual.description])
        case .chunkOutOfOrder(let start, let received):
            self.init(
                status: .rangeNotSatisfiable, code: .blobUploadInvalid,
                message: "the chunk begins at byte \(start), but the upload has \(received) bytes; go on from there")
        case .lengthMismatch(let expected, let actual):
            self.init(
                status: .badRequest, code: .sizeInvalid,
                message: "the body has \(actual) bytes, not \(expected) as stated; it was not kept")
        case .manifestInvalid(let error): self.init(error)
        case .referencesUnknown(let descriptors):
            let list = descriptors.prefix(5).map(\.digest.description).joined(separator: ", ")
            self.init(
                status: .notFound, code: .manifestBlobUnknown,
                message:
                    "the manifest refers to content that this repository does not hold: \(list)\(descriptors.count > 5 ? " and \(descriptors.count - 5) more" : ""). Push it first",
                detail: ["digest": descriptors.first?.digest.description ?? ""])
        case .referenceSizeMismatch(let descriptor, let actual):
            self.init(
                status: .badRequest, code: .sizeInvalid,
                message: "the manifest says that \(descriptor.digest) has \(descriptor.size) bytes, but it has \(actual)",
                detail: ["digest": descriptor.digest.description])
        case .urlRefused(let url, let descriptor):
            self.init(
                status: .badRequest, code: .manifestInvalid,
                message: "the URL '\(url.prefix(200))' of layer \(descriptor.digest) is refused by validation.manifests.urls")
        case .classRefused(let reason): self.init(status: .forbidden, code: .denied, message: reason)
        case .quotaExceeded(let error):
            self.init(status: .forbidden, code: .denied, message: error.description)
            exceeded = error
        case .tagImmutable(let error):
            self.init(
                status: .preconditionFailed, code: .denied,
                message: "'\(error.repository):\(error.tag)' is configured as immutable: it can be neither moved nor deleted",
                detail: ["name": error.repository, "tag": error.tag])
        case .deleteDisabled:
            self.init(
                status: .methodNotAllowed, code: .unsupported,
                message: "deletion is disabled; set storage.delete.enabled to true to allow it")
        case .readOnly:
            self.init(
                status: .methodNotAllowed, code: .unsupported,
                message: "the registry is read-only (storage.maintenance.readonly)")
        case .mirrored(let name, let upstream):
            self.init(
                status: .methodNotAllowed, code: .unsupported,
                message: "repository '\(name)' is a mirror of \(upstream), so nothing is changed in it here; push to \(upstream) itself",
                detail: ["name": name.description])
        case .upstream(let failure): self.init(failure)
        case .storageFull:
            self.init(
                status: HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage"), code: .unavailable,
                message: "the registry's disk is full; nothing of this request was stored. Free space and try again")
        case .unavailable(let why):
            self.init(
                status: .serviceUnavailable, code: .unavailable,
                message: "the registry could not reach its store; try again", headers: [.retryAfter: "5"], cause: why)
        case .bodyFailed:
            self.init(
                status: .badRequest, code: .blobUploadInvalid,
                message: "the body ended early; what arrived is kept: ask for the upload's status and go on from there")
        }
    }

    init(_ failure: UpstreamFailure) {
        let message = "this is not stored here, and the upstream \(failure.upstream) did not give it"
        switch failure.kind {
        case .unavailable:
            self.init(
                status: .badGateway, code: .unavailable, message: "\(message); try again later", headers: [.retryAfter: "5"],
                cause: "\(failure.upstream): \(failure.reason)")
        case .tooManyRequests(let after):
            let seconds = max(1, (after ?? .seconds(60)).components.seconds)
            self.init(
                status: .tooManyRequests, code: .tooManyRequests,
                message:
                    "\(message): it has had too many requests. Try again in \(seconds) s, or give it a login in proxy's username and password",
                headers: [.retryAfter: String(seconds)])
        }
    }

    init(_ error: ManifestError) {
        let why =
            switch error {
            case .malformed(let reason): "the manifest is not acceptable: \(reason)"
            case .schema1:
                "manifests of schema version 1 are no longer supported; push with a client that writes schema 2 or OCI manifests"
            case .unknownMediaType(let type): "'\(type.prefix(128))' is not a manifest's media type"
            case .mediaTypeMismatch(let body, let header):
                "the manifest's mediaType is '\(body.prefix(128))', but it was sent as '\(header.prefix(128))'"
            case .badDescriptor(let path, let reason): "the manifest's \(path) \(reason)"
            }
        let code: ErrorCode =
            switch error {
            case .badDescriptor(let path, _) where path.hasSuffix(".digest"): .digestInvalid
            default: .manifestInvalid
            }
        self.init(status: .badRequest, code: code, message: why)
    }
}

extension Response {
    /// A JSON answer.
    static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = HTTPFields(),
        type: String = "application/json"
    ) -> Response {
        let body = ByteBuffer.json(value)
        var headers = headers
        headers[.contentType] = type
        headers[.contentLength] = String(body.readableBytes)
        return Response(status: status, headers: headers, body: .init(byteBuffer: body))
    }

    /// An answer without a body.
    static func empty(_ status: HTTPResponse.Status, headers: HTTPFields = HTTPFields()) -> Response {
        var response = Response(status: status, headers: headers)
        // A length here would be that of the content that is not sent (RFC 9110 section 8.6), and it is not 0.
        if status == .noContent || status == .notModified { response.headers[.contentLength] = nil }
        return response
    }
}

extension ByteBuffer {
    fileprivate static func json(_ value: some Encodable) -> ByteBuffer {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return ByteBuffer(bytes: (try? encoder.encode(value)) ?? Data("{}".utf8))
    }
}
