import Crypto
import Foundation
import SwiftASN1
import TestSupport
import Testing
import X509

@testable import CoveIdentity

@Suite("Tokens: keys")
struct TokenKeyTests {
    private static func key(_ jwk: String) throws -> TokenKey {
        try #require(try JSONDecoder().decode(JSONWebKey.self, from: Data(jwk.utf8)).key())
    }

    private static func isValid(_ jws: String, _ key: TokenKey, _ algorithm: TokenAlgorithm) throws -> Bool {
        let parts = jws.split(separator: ".")
        return key.isValid(
            try #require(Data(base64URL: parts[2])), of: Data("\(parts[0]).\(parts[1])".utf8), by: algorithm)
    }

    @Test("the signature of RFC 7515 A.3 is its key's")
    func es256() throws {
        let key = try Self.key(
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#
        )
        let jws = """
            eyJhbGciOiJFUzI1NiJ9.\
            eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.\
            DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q
            """
        #expect(try Self.isValid(jws, key, .es256))
        #expect(try !Self.isValid(jws, key, .es384))
    }

    @Test("the signature and the thumbprint of RFC 8037 A are its key's")
    func edDSA() throws {
        let key = try Self.key(#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#)
        let jws = """
            eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.\
            hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg
            """
        #expect(try Self.isValid(jws, key, .edDSA))
        #expect(key.fingerprints == ["kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"])
    }

    @Test("the thumbprint of RFC 7638 3.1 is its key's")
    func rsaThumbprint() throws {
        let key = try Self.key(
            """
            {"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWK\
            RXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZ\
            Hzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnq\
            DKgw"}
            """)
        #expect(key.fingerprints.contains("NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"))
    }

    @Test("libtrust's fingerprint is the one that Distribution's specification shows for its key")
    func libtrust() throws {
        let key = try Self.key(
            #"{"kty":"EC","crv":"P-256","x":"m7zUpx3b-zmVE5cymSs64POG9QcyEpJaYCD82-549_Q","y":"dU3biz8sZ_8GPB-odm8Wxz3lNDr1xcAQQPQaOcr1fmc"}"#
        )
        #expect(key.fingerprints.contains("PYYO:TEWU:V7JH:26JV:AQTZ:LJC3:SXVJ:XGHA:34F2:2LAQ:ZRMK:Z7Q6"))
    }

    @Test("coordinates that lost their leading zeros are those of the key")
    func shortCoordinates() throws {
        // One in 128 keys has such a coordinate.
        while true {
            let signer = TokenSigner.p256(.init())
            var jwk = try signer.jwk()
            let x = try #require(Data(base64URL: jwk["x"] as? String ?? ""))
            guard x.first == 0 else { continue }
            jwk["x"] = Data(x.drop { $0 == 0 }).base64URL
            let key = try Self.key(String(decoding: try JSONSerialization.data(withJSONObject: jwk), as: UTF8.self))
            #expect(key.bytes == TokenKey(signer.certificateKey.publicKey)?.bytes)
            // registry:3 knows the key by a thumbprint without the zeros.
            #expect(key.fingerprints.count == 3)
            return
        }
    }

    @Test(
        "what is no key of its kind is malformed",
        arguments: [
            #"{"kty":"RSA","n":"AQAB"}"#, #"{"kty":"RSA","n":"0vx7","e":"AQAB"}"#, #"{"kty":"EC","crv":"P-256","x":"AQ","y":"AQ"}"#,
            #"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEUAAAA","y":"AQ"}"#,
            #"{"kty":"OKP","crv":"Ed25519","x":"AQ"}"#,
        ])
    func malformed(jwk: String) throws {
        let key = try JSONDecoder().decode(JSONWebKey.self, from: Data(jwk.utf8))
        #expect(throws: JSONWebKey.Malformed.self) { try key.key() }
    }

    @Test(
        "keys for something else are passed over",
        arguments: [
            #"{"kty":"oct","k":"c2VjcmV0"}"#, #"{"kty":"OKP","crv":"X25519","x":"AQ"}"#,
            #"{"kty":"EC","crv":"secp256k1","x":"AQ","y":"AQ"}"#,
            #"{"kty":"OKP","crv":"Ed25519","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        ])
    func others(jwk: String) throws {
        #expect(try JSONDecoder().decode(JSONWebKey.self, from: Data(jwk.utf8)).key() == nil)
    }

    // Files

    private static func problem(_ content: String, isBundle: Bool = false) throws -> String? {
        let directory = try TemporaryDirectory()
        let path = try directory.write(content, to: "keys")
        do throws(TokenKeyError) {
            _ = try TrustedKeys(certificates: isBundle ? path : nil, keySet: isBundle ? nil : path)
            return nil
        } catch {
            #expect(error.description == "cannot use '\(path)': \(error.reason)")
            return error.reason
        }
    }

    @Test("a set of keys that cannot be used is refused, naming what is wrong")
    func sets() throws {
        let key = #"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        let (x, y) = ("f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0")
        let other = #"{"kty":"EC","crv":"P-256","kid":"a","x":"\#(x)","y":"\#(y)"}"#
        #expect(try Self.problem(#"{"keys":[\#(key)]}"#) == nil)
        #expect(try Self.problem(#"{"keys":[\#(key),\#(key)]}"#) == nil)
        #expect(try Self.problem(#"{"keys":[\#(key),\#(other)]}"#) == "two keys have the kid 'a'; give each a kid of its own")
        #expect(try Self.problem(#"{"keys":[]}"#) == "there is no public key for signatures in it")
        #expect(try Self.problem(#"{"keys":[{"kty":"oct","k":"c2VjcmV0"}]}"#) == "there is no public key for signatures in it")
        #expect(try Self.problem(key) == #"it is not a JSON Web Key Set, {"keys": [{"kty": …}, …]} (RFC 7517)"#)
        #expect(try Self.problem("{")?.hasPrefix("it is not JSON") == true)
        #expect(
            try Self.problem(#"{"keys":[{"kty":"RSA","n":"0vx7","e":"AQAB"}]}"#)
                == "key 1 is not a public key of type RSA, or RSA with less than 2048 bits")
    }

    @Test("a key without a kid is known by its fingerprints")
    func unnamed() throws {
        let directory = try TemporaryDirectory()
        let key = #"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#
        let keys = try TrustedKeys(certificates: nil, keySet: try directory.write(#"{"keys":[\#(key)]}"#, to: "jwks"))
        #expect(keys.key(id: "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k") != nil)
    }

    @Test("a bundle that cannot be used is refused, naming what is wrong")
    func bundles() throws {
        #expect(try Self.problem("nothing", isBundle: true) == "there is no certificate in it")
        let bad = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        #expect(try Self.problem(bad, isBundle: true)?.hasPrefix("certificate 1 cannot be read") == true)
        let certificate = try TokenSigner.p256(.init()).certificate("a").serializeAsPEM().pemString
        #expect(try Self.problem("# a comment\n\(certificate)\n", isBundle: true) == nil)
        #expect(throws: TokenKeyError.self) { try TrustedKeys(certificates: "/nonexistent/bundle", keySet: nil) }
    }
}
