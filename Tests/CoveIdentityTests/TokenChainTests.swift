import Crypto
import Foundation
import Testing
import X509

@testable import CoveIdentity

/// Certificates in the header x5c, and keys that are known by their certificate.
@Suite("Tokens: certificates")
struct TokenChainTests {
    private let fixture: TokenFixture
    private let root = TokenSigner.p384(.init())
    private let middle = TokenSigner.p256(.init())
    private let signer = TokenSigner.p256(.init())

    init() throws {
        fixture = try TokenFixture()
    }

    private func root(usage: KeyUsage? = KeyUsage(keyCertSign: true)) throws -> Certificate {
        try root.certificate("root", isAuthority: true, usage: usage)
    }

    private func refusal(
        _ chain: [Certificate], by signer: TokenSigner, _ verifier: TokenVerifier
    ) async throws -> TokenRefusal? {
        let text = try signer.token("ES256", header: ["x5c": try chain.map { try $0.base64 }])
        do throws(TokenRefusal) {
            _ = try await verifier.verify(text)
            return nil
        } catch {
            return error
        }
    }

    @Test("the key of a certificate in the bundle is known by both fingerprints", arguments: TokenAlgorithm.allCases)
    func fingerprints(algorithm: TokenAlgorithm) async throws {
        let signer = TokenSigner.fitting(algorithm)
        try fixture.writeBundle([try signer.certificate("token server")])
        let verifier = try fixture.verifier()
        let key = try #require(TokenKey(signer.certificateKey.publicKey))
        #expect(key.fingerprints.count >= (algorithm == .edDSA ? 1 : 2))
        for fingerprint in key.fingerprints {
            _ = try await verifier.verify(try signer.token(algorithm.rawValue, header: ["kid": fingerprint]))
        }
        await #expect(throws: TokenRefusal.unknownKey(id: "k")) { try await verifier.verify(try signer.token(algorithm.rawValue)) }
    }

    @Test("a certificate of the bundle vouches for its key, though it is no authority")
    func selfSigned() async throws {
        let certificate = try signer.certificate("token server")
        try fixture.writeBundle([try root(), certificate])
        let verifier = try fixture.verifier()
        #expect(try await refusal([certificate], by: signer, verifier) == nil)
        #expect(try await refusal([certificate], by: middle, verifier) == .badSignature)
    }

    @Test("a chain that leads to the bundle is believed, with the root in it or not")
    func chain() async throws {
        let root = try root()
        try fixture.writeBundle([root])
        let verifier = try fixture.verifier()
        let middleCertificate = try middle.certificate(
            "middle", by: ("root", self.root), isAuthority: true, usage: KeyUsage(keyCertSign: true))
        let leaf = try signer.certificate("leaf", by: ("middle", middle), usage: KeyUsage(digitalSignature: true))
        #expect(try await refusal([leaf, middleCertificate], by: signer, verifier) == nil)
        #expect(try await refusal([leaf, middleCertificate, root], by: signer, verifier) == nil)
        let direct = try signer.certificate("direct", by: ("root", self.root))
        #expect(try await refusal([direct], by: signer, verifier) == nil)

        let unled = TokenRefusal.untrusted("the certificate leads to none of rootcertbundle")
        #expect(try await refusal([leaf], by: signer, verifier) == unled)
        let stranger = TokenSigner.p384(.init())
        let forged = try signer.certificate("direct", by: ("root", stranger))
        #expect(try await refusal([forged], by: signer, verifier) == unled)
        let strangerRoot = try stranger.certificate("root", isAuthority: true)
        #expect(try await refusal([forged, strangerRoot], by: signer, verifier) == unled)
    }

    @Test("of two certificates of one name the first counts: nobody can send a maze")
    func names() async throws {
        try fixture.writeBundle([try root()])
        let verifier = try fixture.verifier()
        let middleCertificate = try middle.certificate("middle", by: ("root", root), isAuthority: true)
        let other = try TokenSigner.p256(.init()).certificate("middle", by: ("root", root), isAuthority: true)
        let leaf = try signer.certificate("leaf", by: ("middle", middle))
        #expect(try await refusal([leaf, middleCertificate, other], by: signer, verifier) == nil)
        #expect(
            try await refusal([leaf, other, middleCertificate], by: signer, verifier)
                == .untrusted("the certificate leads to none of rootcertbundle"))
    }

    @Test("who is no authority certifies nobody")
    func noAuthority() async throws {
        let plain = try root.certificate("root", isAuthority: false)
        try fixture.writeBundle([plain])
        let leaf = try signer.certificate("leaf", by: ("root", root))
        let refusal = try await refusal([leaf], by: signer, try fixture.verifier())
        #expect(refusal == .untrusted("the certificates are expired, or not made for signing"))
    }

    @Test("certificates made for something else sign neither tokens nor certificates")
    func usage() async throws {
        let unfit = TokenRefusal.untrusted("the certificates are expired, or not made for signing")
        try fixture.writeBundle([try root()])
        let verifier = try fixture.verifier()
        let leaf = try signer.certificate("leaf", by: ("root", root), usage: KeyUsage(keyEncipherment: true))
        #expect(try await refusal([leaf], by: signer, verifier) == unfit)

        try fixture.writeBundle([try root(usage: KeyUsage(cRLSign: true))])
        let other = try signer.certificate("leaf", by: ("root", root))
        #expect(try await refusal([other], by: signer, try fixture.verifier()) == unfit)
    }

    @Test("certificates count while they are valid")
    func times() async throws {
        let past = Date(timeIntervalSinceNow: -3600)
        try fixture.writeBundle([try root(), try middle.certificate("old", from: past, until: past + 60)])
        let verifier = try fixture.verifier()
        let expired = try signer.certificate("leaf", by: ("root", root), from: past, until: past + 60)
        #expect(
            try await refusal([expired], by: signer, verifier)
                == .untrusted("the certificates are expired, or not made for signing"))
        let old = try middle.certificate("old", from: past, until: past + 60)
        #expect(try await refusal([old], by: middle, verifier) != nil)
    }

    @Test("a known token is verified again when its certificate has ended")
    func endOfCertificate() async throws {
        let certificate = try signer.certificate("leaf", until: Date(timeIntervalSinceNow: 30))
        try fixture.writeBundle([certificate])
        let verifier = try fixture.verifier()
        #expect(try await refusal([certificate], by: signer, verifier) == nil)
        fixture.pass(60)
        #expect(try await refusal([certificate], by: signer, verifier) == .untrusted("the certificate is not valid now"))
    }

    @Test("a key in the header counts when its certificate is trusted and is the key's own")
    func jwk() async throws {
        try fixture.writeBundle([try root()])
        let verifier = try fixture.verifier()
        let leaf = try signer.certificate("leaf", by: ("root", root))
        var jwk = try signer.jwk()
        jwk["x5c"] = [try leaf.base64]
        _ = try await verifier.verify(try signer.token("ES256", header: ["jwk": jwk]))
        var other = try middle.jwk()
        other["x5c"] = [try leaf.base64]
        await #expect(throws: TokenRefusal.untrusted("the certificate in its jwk is of another key")) {
            try await verifier.verify(try middle.token("ES256", header: ["jwk": other]))
        }
        other["x5c"] = [try middle.certificate("leaf").base64]
        await #expect(throws: TokenRefusal.untrusted("the certificate leads to none of rootcertbundle")) {
            try await verifier.verify(try middle.token("ES256", header: ["jwk": other]))
        }
    }

    @Test("certificates in the header count for nothing where there is no bundle, whatever else is in it")
    func noBundle() async throws {
        let verifier = try fixture.verifier(of: signer)
        let text = try signer.token("ES256", header: ["kid": "k", "x5c": [try signer.certificate("leaf").base64]])
        await #expect(throws: TokenRefusal.untrusted("the certificate leads to none of rootcertbundle")) {
            try await verifier.verify(text)
        }
    }

    @Test("what is no certificate, and too many of them, are refused")
    func malformed() async throws {
        try fixture.writeBundle([try root()])
        let verifier = try fixture.verifier()
        for chain in [["AAAA"], ["?"], [try root().base64 + "AAAA"]] {
            await #expect(throws: TokenRefusal.malformed("its x5c has what is no certificate, or one of a kind that is not known here")) {
                try await verifier.verify(try signer.token("ES256", header: ["x5c": chain]))
            }
        }
        let certificate = try root()
        #expect(
            try await refusal(Array(repeating: certificate, count: 9), by: signer, verifier)
                == .malformed("its x5c must have 1 to 8 certificates"))
    }
}
