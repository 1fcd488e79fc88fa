import CoveOCI
import CoveRegistry
import Foundation
import HTTPTypes
import Testing

@testable import CoveServer

@Suite("OCIFailure")
struct OCIFailureTests {
    private static let digest = Digest.of("x".utf8)
    private static let layer = Descriptor(mediaType: "l", digest: digest, size: 3)

    @Test("each refusal of the registry has its status, its code and a message with the values")
    func registryErrors() async throws {
        let name = try RepositoryName(parsing: "team/app")
        let tag = try Tag(parsing: "v1")
        let (digest, layer) = (Self.digest, Self.layer)
        let expected: [(RegistryError, Int, String, [String])] = [
            (.repositoryUnknown(name), 404, "NAME_UNKNOWN", ["team/app"]),
            (.blobUnknown(digest), 404, "BLOB_UNKNOWN", [digest.description]),
            (.manifestUnknown(.tag(tag), name), 404, "MANIFEST_UNKNOWN", ["team/app", "v1"]),
            (.uploadUnknown("id-1"), 404, "BLOB_UPLOAD_UNKNOWN", ["id-1"]), (.uploadBusy("id-1"), 409, "BLOB_UPLOAD_INVALID", ["id-1"]),
            (
                .digestMismatch(expected: digest, actual: Digest.of([])), 400, "DIGEST_INVALID",
                [digest.description, Digest.of([]).description]
            ),
            (.chunkOutOfOrder(start: 5, received: 9), 416, "BLOB_UPLOAD_INVALID", ["5", "9"]),
            (.lengthMismatch(expected: 7, actual: 8), 400, "SIZE_INVALID", ["7", "8"]),
            (.manifestInvalid(.schema1), 400, "MANIFEST_INVALID", ["schema version 1"]),
            (.referencesUnknown(Array(repeating: layer, count: 7)), 404, "MANIFEST_BLOB_UNKNOWN", [digest.description, "and 2 more"]),
            (.referenceSizeMismatch(layer, actual: 9), 400, "SIZE_INVALID", [digest.description, "3", "9"]),
            (.urlRefused("https://evil/", layer), 400, "MANIFEST_INVALID", ["https://evil/", "validation.manifests.urls"]),
            (.deleteDisabled, 405, "UNSUPPORTED", ["storage.delete.enabled"]),
            (.readOnly, 405, "UNSUPPORTED", ["storage.maintenance.readonly"]),
            (.storageFull, 507, "UNAVAILABLE", ["disk is full"]), (.unavailable("secret path /x"), 503, "UNAVAILABLE", ["try again"]),
            (.bodyFailed(CancellationError()), 400, "BLOB_UPLOAD_INVALID", ["ended early"]),
        ]
        for (error, status, code, parts) in expected {
            let answer = try await Answer(OCIFailure(error).response)
            let said = try #require(answer.error, "\(error)")
            #expect(answer.status == status, "\(error)")
            #expect(said.code == code, "\(error)")
            for part in parts { #expect(said.message.contains(part), "\(error)") }
            #expect(answer.headers[.contentType] == "application/json")
            #expect(answer.headers[.contentLength] == String(answer.body.utf8.count))
            // What failed inside is for the log.
            #expect(!answer.body.contains("secret"))
        }
    }

    @Test(
        "each kind of bad manifest has its code",
        arguments: [
            (ManifestError.malformed("why"), "MANIFEST_INVALID", "why"), (.schema1, "MANIFEST_INVALID", "schema 2"),
            (.unknownMediaType("t/x"), "MANIFEST_INVALID", "t/x"),
            (.mediaTypeMismatch(body: "b/b", header: "h/h"), "MANIFEST_INVALID", "h/h"),
            (.badDescriptor(path: "layers[0].digest", reason: "is missing"), "DIGEST_INVALID", "layers[0].digest is missing"),
            (.badDescriptor(path: "layers[0].size", reason: "is missing"), "MANIFEST_INVALID", "layers[0].size is missing"),
        ])
    func manifestErrors(error: ManifestError, code: String, part: String) {
        let failure = OCIFailure(.manifestInvalid(error))
        #expect(failure.status == .badRequest)
        #expect(failure.code.rawValue == code)
        #expect(failure.message.contains(part))
    }

    @Test("the envelope is JSON whatever the values are, and cuts what is too long")
    func envelope() async throws {
        let nasty = "\"\\\n\u{0}</script>é" + String(repeating: "x", count: 5000)
        for failure in [
            OCIFailure.badDigest(nasty, .malformed(nasty)), .badDigest(nasty, .unsupportedAlgorithm(nasty)),
            .badName(nasty, .malformed(nasty)),
        ] {
            let answer = try await Answer(failure.response)
            #expect(answer.error != nil)
            #expect(answer.status == 400)
            #expect(answer.body.utf8.count < 1500)
        }
    }

    @Test("a store that cannot be reached asks the client to come back")
    func retryAfter() {
        #expect(OCIFailure(.unavailable("x")).headers[.retryAfter] == "5")
        #expect(OCIFailure(.storageFull).headers[.retryAfter] == nil)
    }
}
