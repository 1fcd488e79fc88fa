import CoveOCI
import Foundation

/// A JSON Web Token in three parts (RFC 7515 section 7.1), taken apart and not yet believed.
struct CompactToken {
    /// In bytes. One with three certificates and some hundred rights has about ten thousand.
    static let longest = 64 * 1024
    static let deepest = 8

    struct Header: Decodable {
        let alg: String
        let kid: String?
        let jwk: JSONWebKey?
        /// Certificates in base64, the signer's first.
        let x5c: [String]?
        /// Names of headers that must be understood. None is understood here.
        let crit: [String]?
    }

    let header: Header
    /// What the signature is about: the first two parts with the dot between them.
    let signed: Data
    let signature: Data
    private let payload: Data

    /// - Throws: ``TokenRefusal/malformed(_:)``.
    init(parsing text: String) throws(TokenRefusal) {
        guard text.utf8.count <= Self.longest else { throw .malformed("it has more than \(Self.longest) bytes") }
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3 else { throw .malformed("it does not have three parts with dots between them") }
        guard let head = Data(base64URL: parts[0]), let payload = Data(base64URL: parts[1]), let signature = Data(base64URL: parts[2])
        else { throw .malformed("a part of it is not base64url") }
        header = try Self.decode(Header.self, from: head, "header")
        guard header.crit == nil else { throw .malformed("its header has 'crit', and no extension is known here") }
        signed = Data(text.utf8.prefix(parts[0].utf8.count + 1 + parts[1].utf8.count))
        self.payload = payload
        self.signature = signature
    }

    /// To be read once the signature has been verified.
    ///
    /// - Throws: ``TokenRefusal/malformed(_:)``.
    func claims() throws(TokenRefusal) -> TokenClaims {
        try Self.decode(TokenClaims.self, from: payload, "claims")
    }

    /// The claims as something else than ``claims()``, likewise.
    ///
    /// - Throws: ``TokenRefusal/malformed(_:)``.
    func payload<Claims: Decodable>(as type: Claims.Type) throws(TokenRefusal) -> Claims {
        try Self.decode(type, from: payload, "claims")
    }

    private static func decode<Part: Decodable>(_ type: Part.Type, from json: Data, _ name: String) throws(TokenRefusal) -> Part {
        do throws(StrictJSON.Violation) {
            // Names that are there twice, above all (RFC 7515 section 4): others might take the other.
            try StrictJSON.checkObject(json, deepest: deepest)
        } catch {
            throw .malformed("its \(name): \(error.reason)")
        }
        do {
            return try JSONDecoder().decode(type, from: json)
        } catch {
            throw .malformed("its \(name): a member is missing or of the wrong type")
        }
    }
}
