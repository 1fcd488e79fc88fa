/// The resources of RFC 8555 section 7.1, as far as they are read here.
struct ACMEDirectory: Decodable, Sendable {
    struct Meta: Decodable, Sendable {
        let termsOfService: String?
        let externalAccountRequired: Bool?
    }

    let newNonce: String
    let newAccount: String
    let newOrder: String
    /// Where the authority says when it wants a certificate to be renewed (RFC 9773).
    let renewalInfo: String?
    let meta: Meta?
}

/// What the authority suggests for the renewal of a certificate (RFC 9773 section 4.2).
struct RenewalInfo: Decodable, Sendable {
    struct Window: Decodable, Sendable {
        /// RFC 3339.
        let start: String
        let end: String
    }

    let suggestedWindow: Window
}

struct ACMEIdentifier: Codable, Sendable, Equatable {
    let type: String
    let value: String

    static func dns(_ name: String) -> ACMEIdentifier { ACMEIdentifier(type: "dns", value: name) }
}

struct NewAccount: Encodable {
    let termsOfServiceAgreed = true
    let contact: [String]?
    let externalAccountBinding: JWS?
}

struct NewOrder: Encodable {
    let identifiers: [ACMEIdentifier]
    /// The certificate that the new one is to take the place of (RFC 9773 section 5).
    let replaces: String?
}

struct Finalization: Encodable {
    /// The signing request's DER in base64url.
    let csr: String
}

struct ACMEOrder: Decodable, Sendable {
    /// pending, ready, processing, valid, invalid.
    let status: String
    let authorizations: [String]
    let finalize: String
    let certificate: String?
    let error: Problem?
}

struct ACMEAuthorization: Decodable, Sendable {
    struct Challenge: Decodable, Sendable {
        let type: String
        let url: String
        let token: String?
        let error: Problem?
    }

    let identifier: ACMEIdentifier
    /// pending, valid, invalid, deactivated, expired, revoked.
    let status: String
    let challenges: [Challenge]
}
