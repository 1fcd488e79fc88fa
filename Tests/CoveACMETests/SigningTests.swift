import Crypto
import Foundation
import NIOSSL
import SwiftASN1
import Testing
import X509

@testable import CoveACME

@Suite("ACME: signatures and requests")
struct SigningTests {
    /// The key of RFC 7515 appendix A.3, in the form that registry:2 keeps keys in.
    static let pem = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEII6bEJ5xkJi/mASH3x9dd+nLKWBuvtImO19XwhPfhPSyoAoGCCqGSM49
        AwEHoUQDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEXH8UTNG72b
        focs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==
        -----END EC PRIVATE KEY-----
        """

    private let key: AccountKey

    init() throws {
        key = try AccountKey(pem: Self.pem)
    }

    private func header(_ jws: JWS) throws -> JWS.Header {
        try JSONDecoder().decode(JWS.Header.self, from: #require(Data(base64URL: jws.protected)))
    }

    @Test("a key's JWK and thumbprint are those of the RFCs")
    func thumbprint() {
        #expect(key.jwk.x == "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU")
        #expect(key.jwk.y == "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        #expect(key.thumbprint == "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")
        #expect(key.keyAuthorization(token: "token-1") == "token-1.oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U")
    }

    @Test("a key is the same after it was written and read")
    func keptKey() throws {
        #expect(try AccountKey(pem: key.pem).thumbprint == key.thumbprint)
        #expect(AccountKey().thumbprint != AccountKey().thumbprint)
        #expect(throws: (any Error).self) { try AccountKey(pem: "no key") }
    }

    @Test("a request before there is an account names the key, one after it the account", arguments: [nil, "https://ca.example/account/1"])
    func signedRequest(account: String?) throws {
        let jws = try JWS(Data("{}".utf8), to: "https://ca.example/new", nonce: "n-1", account: account, key: key)
        let header = try header(jws)
        #expect(
            header
                == JWS.Header(
                    alg: "ES256", nonce: "n-1", url: "https://ca.example/new", kid: account, jwk: account == nil ? key.jwk : nil))
        #expect(jws.payload == "e30")
        let publicKey = try P256.Signing.PrivateKey(pemRepresentation: Self.pem).publicKey
        let signature = try P256.Signing.ECDSASignature(rawRepresentation: #require(Data(base64URL: jws.signature)))
        #expect(publicKey.isValidSignature(signature, for: Data("\(jws.protected).\(jws.payload)".utf8)))
        #expect(!publicKey.isValidSignature(signature, for: Data("\(jws.protected).e31".utf8)))
    }

    @Test("POST-as-GET has an empty payload")
    func postAsGet() throws {
        #expect(try JWS(nil, to: "https://ca.example/o", nonce: "n", account: "a", key: key).payload == "")
    }

    /// Made with Python's hmac for the key of Pebble's example.
    @Test("an account is bound to a customer of the authority")
    func binding() throws {
        let account = try #require(
            ExternalAccount(keyID: "kid-1", hmacKey: "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"))
        let jws = JWS(binding: key, to: account, url: "https://ca.example/new-account")
        #expect(
            jws.protected == "eyJhbGciOiJIUzI1NiIsImtpZCI6ImtpZC0xIiwidXJsIjoiaHR0cHM6Ly9jYS5leGFtcGxlL25ldy1hY2NvdW50In0")
        #expect(jws.signature == "YujFtUUCIxVOtvMmJAy5gt-pF4XIKM8rrDxRWcYY7Qo")
        #expect(ExternalAccount(keyID: "k", hmacKey: "not/base64url") == nil)
    }

    @Test("a signing request is for one name, and signed by the key that the certificate is for")
    func signingRequest() throws {
        let key = P256.Signing.PrivateKey()
        let request = try CertificateSigningRequest(derEncoded: SigningRequest.der(for: "registry.example.org", key: key))
        let extensions = try #require(try request.attributes.extensionRequest).extensions
        #expect(try extensions.subjectAlternativeNames.map(Array.init) == [.dnsName("registry.example.org")])
        #expect(request.publicKey == Certificate.PublicKey(key.publicKey))
        #expect(request.publicKey.isValidSignature(request.signature, for: request))
    }

    /// RFC 8737 section 3: critical, and the SHA-256 of the key authorization as an OCTET STRING.
    @Test("a validation is answered with the digest of the key authorization")
    func challengeExtension() throws {
        let authorization = key.keyAuthorization(token: "token-1")
        let found = PendingChallenge.identifier(authorization)
        #expect(found.critical)
        #expect(found.oid == [1, 3, 6, 1, 5, 5, 7, 1, 31])
        let hex = found.value.map { String(UInt16($0) + 0x100, radix: 16).dropFirst() }.joined()
        #expect(hex == "0420d6d1201ebee3dae3afdd66f8e606768337a8bcfcdf6fbabb2fdfcea4dc3898fb")
        _ = try PendingChallenge(
            host: "a.example", kind: .tlsALPN01, token: "token-1", keyAuthorization: authorization
        ).validationContext()
    }

    @Test(
        "tokens are base64url, and nothing that could be a path",
        arguments: ["", "a/b", "..", "a b", "ä", String(repeating: "a", count: 201)])
    func tokens(text: String) {
        #expect(!PendingChallenge.isToken(text))
        #expect(PendingChallenge.isToken("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"))
    }
}
