import Crypto
import CryptoExtras
import Foundation
import Logging
import NIOPosix
import SwiftASN1
import TestSupport
import X509

@testable import CoveIdentity

/// The private half of a token server.
enum TokenSigner: Sendable {
    case rsa(_RSA.Signing.PrivateKey)
    case p256(P256.Signing.PrivateKey)
    case p384(P384.Signing.PrivateKey)
    case p521(P521.Signing.PrivateKey)
    case ed25519(Curve25519.Signing.PrivateKey)

    /// Made once: an RSA key takes a while.
    static let sharedRSA: TokenSigner = {
        guard let key = try? _RSA.Signing.PrivateKey(keySize: .bits2048) else { preconditionFailure("no RSA key can be made") }
        return .rsa(key)
    }()

    static func fitting(_ algorithm: TokenAlgorithm) -> TokenSigner {
        switch algorithm {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: sharedRSA
        case .es256: .p256(.init())
        case .es384: .p384(.init())
        case .es512: .p521(.init())
        case .edDSA: .ed25519(.init())
        }
    }

    var certificateKey: Certificate.PrivateKey {
        switch self {
        case .rsa(let key): .init(key)
        case .p256(let key): .init(key)
        case .p384(let key): .init(key)
        case .p521(let key): .init(key)
        case .ed25519(let key): .init(key)
        }
    }

    /// Signs by whatever is asked for, also where key and algorithm do not fit.
    func sign(_ message: Data, _ algorithm: String) throws -> Data {
        switch self {
        case .rsa(let key):
            let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
            return switch algorithm.suffix(3) {
            case "384": try key.signature(for: SHA384.hash(data: message), padding: padding).rawRepresentation
            case "512": try key.signature(for: SHA512.hash(data: message), padding: padding).rawRepresentation
            default: try key.signature(for: SHA256.hash(data: message), padding: padding).rawRepresentation
            }
        case .p256(let key): return try key.signature(for: SHA256.hash(data: message)).rawRepresentation
        case .p384(let key): return try key.signature(for: SHA384.hash(data: message)).rawRepresentation
        case .p521(let key): return try key.signature(for: SHA512.hash(data: message)).rawRepresentation
        case .ed25519(let key): return try key.signature(for: message)
        }
    }

    /// The public key as RFC 7517 has it.
    func jwk(kid: String? = nil) throws -> [String: Any] {
        func point(_ raw: Data, _ curve: String) -> [String: Any] {
            ["kty": "EC", "crv": curve, "x": raw.prefix(raw.count / 2).base64URL, "y": raw.suffix(raw.count / 2).base64URL]
        }
        var jwk: [String: Any] =
            switch self {
            case .rsa(let key):
                try {
                    let numbers = try key.publicKey.getKeyPrimitives()
                    return ["kty": "RSA", "n": numbers.modulus.base64URL, "e": numbers.publicExponent.base64URL]
                }()
            case .p256(let key): point(key.publicKey.rawRepresentation, "P-256")
            case .p384(let key): point(key.publicKey.rawRepresentation, "P-384")
            case .p521(let key): point(key.publicKey.rawRepresentation, "P-521")
            case .ed25519(let key): ["kty": "OKP", "crv": "Ed25519", "x": key.publicKey.rawRepresentation.base64URL]
            }
        jwk["kid"] = kid
        return jwk
    }

    /// A token, with what is given laid over what is usual.
    func token(
        _ algorithm: String, header: [String: Any] = ["kid": "k"], claims: [String: Any?] = [:]
    ) throws -> String {
        var all: [String: Any] = [
            "iss": "auth", "aud": "registry", "sub": "ann", "exp": TokenFixture.time + 300, "nbf": TokenFixture.time,
            "access": [["type": "repository", "name": "team/app", "actions": ["pull"]]],
        ]
        for (name, value) in claims { all[name] = value }
        return try token(
            header: try JSONSerialization.data(withJSONObject: header.merging(["alg": algorithm, "typ": "JWT"]) { $1 }),
            payload: try JSONSerialization.data(withJSONObject: all), algorithm)
    }

    func token(header: Data, payload: Data, _ algorithm: String) throws -> String {
        let signed = "\(header.base64URL).\(payload.base64URL)"
        return try "\(signed).\(sign(Data(signed.utf8), algorithm).base64URL)"
    }

    /// A certificate for this key.
    ///
    /// - Parameter issuer: whose name and key sign it; nil for its own.
    func certificate(
        _ name: String, by issuer: (name: String, key: TokenSigner)? = nil, isAuthority: Bool = false, usage: KeyUsage? = nil,
        from start: Date = .init(timeIntervalSinceNow: -60), until end: Date = .init(timeIntervalSinceNow: 600)
    ) throws -> Certificate {
        try Certificate(
            version: .v3, serialNumber: .init(), publicKey: certificateKey.publicKey, notValidBefore: start, notValidAfter: end,
            issuer: DistinguishedName { CommonName(issuer?.name ?? name) }, subject: DistinguishedName { CommonName(name) },
            extensions: try .init {
                Critical(isAuthority ? BasicConstraints.isCertificateAuthority(maxPathLength: nil) : .notCertificateAuthority)
                if let usage { Critical(usage) }
            }, issuerPrivateKey: issuer?.key.certificateKey ?? certificateKey)
    }
}

extension Certificate {
    /// As x5c has it.
    var base64: String {
        get throws {
            var serializer = DER.Serializer()
            try serializer.serialize(self)
            return Data(serializer.serializedBytes).base64EncodedString()
        }
    }
}

/// Files of keys, a clock, and a verifier that has both.
struct TokenFixture {
    /// The real time: certificates are checked against that.
    static let time = Date().timeIntervalSince1970.rounded()

    let directory: TemporaryDirectory
    let clock = Shared(ContinuousClock.now)
    let date = Shared(Date(timeIntervalSince1970: TokenFixture.time))

    init() throws {
        directory = try TemporaryDirectory()
    }

    @discardableResult
    func writeKeySet(_ keys: [[String: Any]]) throws -> String {
        let json = try JSONSerialization.data(withJSONObject: ["keys": keys])
        return try directory.write(String(decoding: json, as: UTF8.self), to: "jwks")
    }

    @discardableResult
    func writeBundle(_ certificates: [Certificate]) throws -> String {
        try directory.write(try certificates.map { try $0.serializeAsPEM().pemString }.joined(separator: "\n"), to: "bundle")
    }

    /// A verifier of the files that there are.
    func verifier(_ algorithms: [TokenAlgorithm] = TokenAlgorithm.allCases) throws -> TokenVerifier {
        let files = directory.files()
        var options = TokenVerifier.Options(issuer: "auth", service: "registry")
        options.certificates = files.contains("bundle") ? directory.file("bundle") : nil
        options.keySet = files.contains("jwks") ? directory.file("jwks") : nil
        options.algorithms = Set(algorithms)
        return try TokenVerifier(
            options, threadPool: .singleton, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            now: { [clock] in clock.value }, date: { [date] in date.value })
    }

    /// A verifier that knows the signer's key as `k`.
    func verifier(of signer: TokenSigner, _ algorithms: [TokenAlgorithm] = TokenAlgorithm.allCases) throws -> TokenVerifier {
        try writeKeySet([try signer.jwk(kid: "k")])
        return try verifier(algorithms)
    }

    func pass(_ seconds: Double) {
        clock.change { $0 += .seconds(seconds) }
        date.change { $0 += seconds }
    }
}
