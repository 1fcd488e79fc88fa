import CoveOCI
import Crypto
import Foundation
import TestSupport
import Testing

@testable import CoveIdentity

@Suite("TokenVerifier")
struct TokenVerifierTests {
    private let fixture: TokenFixture
    private let signer = TokenSigner.p256(.init())

    init() throws {
        fixture = try TokenFixture()
    }

    private func pull(_ name: String) throws -> Access { Access(.repository(try RepositoryName(parsing: name)), [.pull]) }

    @Test("a token of each algorithm is believed, and not when a bit of it differs", arguments: TokenAlgorithm.allCases)
    func algorithms(algorithm: TokenAlgorithm) async throws {
        let signer = TokenSigner.fitting(algorithm)
        let verifier = try fixture.verifier(of: signer)
        let text = try signer.token(algorithm.rawValue)
        let token = try await verifier.verify(text)
        #expect(token.subject == "ann")
        #expect(token.rights.allows(try pull("team/app")))

        let parts = text.split(separator: ".").map(String.init)
        var signature = try #require(Data(base64URL: parts[2]))
        signature[signature.count / 2] ^= 1
        await #expect(throws: TokenRefusal.badSignature) {
            try await verifier.verify("\(parts[0]).\(parts[1]).\(signature.base64URL)")
        }
        var payload = try #require(Data(base64URL: parts[1]))
        // Another user: ann is bnn now.
        let ann = try #require(payload.firstRange(of: Data("ann".utf8)))
        payload[ann.lowerBound] += 1
        await #expect(throws: TokenRefusal.badSignature) {
            try await verifier.verify("\(parts[0]).\(payload.base64URL).\(parts[2])")
        }
    }

    @Test("a signature of one algorithm does not pass for another's of the same key")
    func confusedHashes() async throws {
        let signer = TokenSigner.sharedRSA
        let verifier = try fixture.verifier(of: signer)
        for (claimed, used) in [("RS256", "RS512"), ("RS256", "PS256"), ("PS384", "RS384")] {
            let header = Data(#"{"alg":"\#(claimed)","kid":"k"}"#.utf8)
            let text = try signer.token(header: header, payload: Data("{}".utf8), used)
            await #expect(throws: TokenRefusal.badSignature) { try await verifier.verify(text) }
        }
    }

    @Test(
        "an algorithm that does not fit the key is refused",
        arguments: [("RS256", TokenAlgorithm.es256), ("ES384", .es256), ("ES256", .rs256), ("EdDSA", .es256), ("PS256", .edDSA)])
    func misfits(claimed: String, key: TokenAlgorithm) async throws {
        let signer = TokenSigner.fitting(key)
        let verifier = try fixture.verifier(of: signer)
        await #expect(throws: TokenRefusal.algorithmMismatch(claimed)) { try await verifier.verify(try signer.token(claimed)) }
    }

    @Test("no signature, and one by a secret key, are never believed", arguments: ["none", "None", "HS256", "HS512", "", "es256"])
    func neverAccepted(algorithm: String) async throws {
        let verifier = try fixture.verifier(of: signer)
        await #expect(throws: TokenRefusal.algorithmRefused(algorithm)) { try await verifier.verify(try signer.token(algorithm)) }
        let parts = try signer.token(algorithm).split(separator: ".")
        await #expect(throws: TokenRefusal.algorithmRefused(algorithm)) { try await verifier.verify("\(parts[0]).\(parts[1]).") }
    }

    @Test("a good token of an algorithm that is not configured is refused")
    func unconfigured() async throws {
        let verifier = try fixture.verifier(of: signer, [.rs256])
        await #expect(throws: TokenRefusal.algorithmRefused("ES256")) { try await verifier.verify(try signer.token("ES256")) }
    }

    @Test("a token of a key that is not in the set is refused, whatever it calls the key")
    func wrongKey() async throws {
        let verifier = try fixture.verifier(of: signer)
        let other = TokenSigner.p256(.init())
        await #expect(throws: TokenRefusal.badSignature) { try await verifier.verify(try other.token("ES256")) }
        await #expect(throws: TokenRefusal.unknownKey(id: "other")) {
            try await verifier.verify(try other.token("ES256", header: ["kid": "other"]))
        }
        await #expect(throws: TokenRefusal.namesNoKey) { try await verifier.verify(try signer.token("ES256", header: [:])) }
    }

    @Test("a key in the header counts when it is known, and not otherwise")
    func jwkHeader() async throws {
        let verifier = try fixture.verifier(of: signer)
        let other = TokenSigner.p256(.init())
        _ = try await verifier.verify(try signer.token("ES256", header: ["jwk": try signer.jwk()]))
        await #expect(throws: TokenRefusal.untrusted("its jwk is not among the keys that are known here")) {
            // It calls itself by the name of a known key.
            try await verifier.verify(try other.token("ES256", header: ["jwk": try other.jwk(kid: "k"), "kid": "k"]))
        }
        await #expect(throws: TokenRefusal.untrusted("its jwk is not a public key of a kind that is known here")) {
            try await verifier.verify(try signer.token("ES256", header: ["jwk": ["kty": "oct", "k": "c2VjcmV0"]]))
        }
    }

    @Test("issuer and audience must be those of the configuration")
    func issuerAndAudience() async throws {
        let verifier = try fixture.verifier(of: signer)
        _ = try await verifier.verify(try signer.token("ES256", claims: ["aud": ["other", "registry"]]))
        func refusal(_ claims: [String: Any?]) async throws -> TokenRefusal? {
            let text = try signer.token("ES256", claims: claims)
            do throws(TokenRefusal) {
                _ = try await verifier.verify(text)
                return nil
            } catch {
                return error
            }
        }
        #expect(try await refusal(["iss": "else"]) == .wrongIssuer("else"))
        #expect(try await refusal(["iss": nil]) == .wrongIssuer(""))
        #expect(try await refusal(["aud": "else"]) == .wrongAudience(["else"]))
        #expect(try await refusal(["aud": ["a", "registry2"]]) == .wrongAudience(["a", "registry2"]))
        #expect(try await refusal(["aud": [String]()]) == .wrongAudience([]))
        #expect(try await refusal(["aud": nil]) == .wrongAudience([]))
    }

    @Test("a token counts from nbf to exp, with a minute for clocks that differ, also when it is known already")
    func times() async throws {
        let verifier = try fixture.verifier(of: signer)
        let text = try signer.token("ES256", claims: ["nbf": TokenFixture.time + 100, "exp": TokenFixture.time + 200.5])
        await #expect(throws: TokenRefusal.notYetValid(seconds: 100)) { try await verifier.verify(text) }
        fixture.pass(40)
        _ = try await verifier.verify(text)
        #expect(verifier.cached == 1)
        fixture.pass(220)
        _ = try await verifier.verify(text)
        fixture.pass(1)
        await #expect(throws: TokenRefusal.expired(seconds: 60)) { try await verifier.verify(text) }
        // The clock goes back: the known token is as little valid as a new one.
        fixture.pass(-230)
        await #expect(throws: TokenRefusal.notYetValid(seconds: 69)) { try await verifier.verify(text) }
    }

    @Test("a token without an end is refused, and one without a beginning is not")
    func missingTimes() async throws {
        let verifier = try fixture.verifier(of: signer)
        _ = try await verifier.verify(try signer.token("ES256", claims: ["nbf": nil]))
        // Removed where the claims are laid over the usual ones.
        let payload = Data(#"{"iss":"auth","aud":"registry"}"#.utf8)
        let text = try signer.token(header: Data(#"{"alg":"ES256","kid":"k"}"#.utf8), payload: payload, "ES256")
        await #expect(throws: TokenRefusal.malformed("it has no exp")) { try await verifier.verify(text) }
    }

    @Test("who did not log in at the token server is nobody")
    func anonymous() async throws {
        let verifier = try fixture.verifier(of: signer)
        #expect(try await verifier.verify(try signer.token("ES256", claims: ["sub": ""])).subject == nil)
    }

    @Test("rights are read with their classes, and everything else grants nothing")
    func rights() async throws {
        let verifier = try fixture.verifier(of: signer)
        let access: [[String: Any]] = [
            ["type": "repository", "name": "a", "actions": ["pull"]], ["type": "repository", "name": "a", "actions": ["push"]],
            ["type": "repository(plugin)", "name": "b", "actions": ["pull"]],
            ["type": "repository", "class": "plugin", "name": "c", "actions": ["*"]],
            ["type": "registry", "name": "catalog", "actions": ["*"]], ["type": "repository", "name": "d"],
            ["type": "other", "name": "e", "actions": ["pull"]], ["type": "repository", "name": "*", "actions": ["*"]],
        ]
        let rights = try await verifier.verify(try signer.token("ES256", claims: ["access": access])).rights
        func allows(_ name: String, _ actions: Access.Action...) throws -> Bool {
            rights.allows(Access(.repository(try RepositoryName(parsing: name)), actions))
        }
        #expect(try allows("a", .pull, .push))
        #expect(try !allows("a", .pull, .push, .delete))
        #expect(try allows("b", .pull))
        #expect(try !allows("b", .push))
        #expect(try allows("c", .pull, .push, .delete))
        #expect(try !allows("d", .pull))
        #expect(try !allows("e", .pull))
        #expect(try !allows("f", .pull))
        #expect(rights.allows(Access(.catalog, [.everything])))
        #expect(rights.classes(of: .repository(try RepositoryName(parsing: "a"))) == ["image"])
        #expect(rights.classes(of: .repository(try RepositoryName(parsing: "b"))) == ["plugin"])
        #expect(rights.classes(of: .repository(try RepositoryName(parsing: "c"))) == ["plugin"])
        let none = try await verifier.verify(try signer.token("ES256", claims: ["access": nil])).rights
        #expect(!none.allows(Access(.catalog, [.everything])))
    }

    @Test("a right to one thing of the catalog is not a right to everything")
    func catalogNeedsEverything() async throws {
        let verifier = try fixture.verifier(of: signer)
        let access = [["type": "registry", "name": "catalog", "actions": ["pull"]]]
        let rights = try await verifier.verify(try signer.token("ES256", claims: ["access": access])).rights
        #expect(!rights.allows(Access(.catalog, [.everything])))
    }

    @Test("a token that is known is not verified again, until the keys change")
    func cache() async throws {
        let verifier = try fixture.verifier(of: signer)
        let text = try signer.token("ES256")
        for _ in 0..<3 { _ = try await verifier.verify(text) }
        #expect(verifier.cached == 1)
        await #expect(throws: TokenRefusal.badSignature) { try await verifier.verify(String(text.dropLast(4)) + "AAAA") }
        #expect(verifier.cached == 1)

        let other = TokenSigner.p256(.init())
        try fixture.writeKeySet([try other.jwk(kid: "k")])
        _ = try await verifier.verify(text)
        fixture.pass(1)
        await #expect(throws: TokenRefusal.badSignature) { try await verifier.verify(text) }
        _ = try await verifier.verify(try other.token("ES256"))
    }

    @Test("changed keys that cannot be used leave the old ones")
    func badChange() async throws {
        let verifier = try fixture.verifier(of: signer)
        try fixture.directory.write("{", to: "jwks")
        fixture.pass(1)
        _ = try await verifier.verify(try signer.token("ES256"))
        try fixture.writeKeySet([try TokenSigner.p256(.init()).jwk(kid: "k")])
        fixture.pass(1)
        await #expect(throws: TokenRefusal.badSignature) { try await verifier.verify(try signer.token("ES256")) }
    }

    @Test("the refusals are sentences that end what began with: the token is not accepted")
    func sentences() {
        #expect("\(TokenRefusal.expired(seconds: 3))" == "it expired 3 s ago")
        #expect("\(TokenRefusal.wrongAudience(["a", "b"]))" == "it is for 'a', 'b', and not for this registry")
        #expect("\(TokenRefusal.unknownKey(id: "k"))" == "it is signed with the key 'k', which is not known here")
    }
}
