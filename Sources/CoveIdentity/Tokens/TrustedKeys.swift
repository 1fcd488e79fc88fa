import CoveOCI
import Foundation
import SwiftASN1
import X509

/// The keys whose signatures are believed: of a bundle of certificates, of a JSON Web Key Set, or of both.
struct TrustedKeys: Sendable {
    private static let largestFile = 1024 * 1024
    private static let deepestSet = 8

    /// The certificates of the bundle, which chains may end at.
    private(set) var roots: [Certificate] = []
    private var byID: [String: TokenKey] = [:]
    private var all: Set<Data> = []

    /// Reads the files. Blocks.
    ///
    /// - Parameters:
    ///   - certificates: PEM; what is no certificate in it is skipped.
    ///   - keySet: JSON; keys of kinds that no algorithm uses are skipped.
    /// - Throws: ``TokenKeyError`` also for a file without a key.
    init(certificates: String?, keySet: String?) throws(TokenKeyError) {
        if let certificates { try readCertificates(certificates) }
        if let keySet { try readKeySet(keySet) }
    }

    func key(id: String) -> TokenKey? { byID[id] }

    func contains(_ key: TokenKey) -> Bool { all.contains(key.bytes) }

    var count: Int { all.count }

    private mutating func readCertificates(_ path: String) throws(TokenKeyError) {
        func unusable(_ reason: String) -> TokenKeyError { TokenKeyError(source: .certificates, path: path, reason: reason) }
        let text = String(decoding: try Self.read(path, .certificates), as: UTF8.self)
        let documents: [PEMDocument]
        do {
            documents = try PEMDocument.parseMultiple(pemString: text).filter { $0.discriminator == "CERTIFICATE" }
        } catch {
            throw unusable("it is not PEM")
        }
        guard !documents.isEmpty else { throw unusable("there is no certificate in it") }
        for (index, document) in documents.enumerated() {
            guard let certificate = try? Certificate(derEncoded: document.derBytes), let key = TokenKey(certificate.publicKey) else {
                throw unusable(
                    "certificate \(index + 1) cannot be read, or its key is none of RSA with 2048 bits or more, P-256, P-384, P-521 and Ed25519"
                )
            }
            roots.append(certificate)
            all.insert(key.bytes)
            for fingerprint in key.fingerprints { byID[fingerprint] = key }
        }
    }

    private mutating func readKeySet(_ path: String) throws(TokenKeyError) {
        func unusable(_ reason: String) -> TokenKeyError { TokenKeyError(source: .keySet, path: path, reason: reason) }
        let data = try Self.read(path, .keySet)
        do throws(StrictJSON.Violation) {
            try StrictJSON.checkObject(data, deepest: Self.deepestSet)
        } catch {
            throw unusable("it is not JSON: \(error.reason)")
        }
        guard let set = try? JSONDecoder().decode(JSONWebKeySet.self, from: data) else {
            throw unusable(#"it is not a JSON Web Key Set, {"keys": [{"kty": …}, …]} (RFC 7517)"#)
        }
        var found: [String: Data] = [:]
        for (index, item) in set.keys.enumerated() {
            let key: TokenKey?
            do throws(JSONWebKey.Malformed) {
                key = try item.key()
            } catch {
                throw unusable("key \(index + 1) is not a public key of type \(item.kty.prefix(20)), or RSA with less than 2048 bits")
            }
            guard let key else { continue }
            let names = item.kid.map { [$0] } ?? Array(key.fingerprints)
            for name in names {
                if let other = found[name], other != key.bytes {
                    throw unusable("two keys have the kid '\(name.prefix(80))'; give each a kid of its own")
                }
                found[name] = key.bytes
                byID[name] = key
            }
            all.insert(key.bytes)
        }
        guard !found.isEmpty else { throw unusable("there is no public key for signatures in it") }
    }

    private static func read(_ path: String, _ source: TokenKeyError.Source) throws(TokenKeyError) -> Data {
        func unusable(_ reason: String) -> TokenKeyError { TokenKeyError(source: source, path: path, reason: reason) }
        guard let stamp = FileStamp(path) else { throw unusable("there is no such file") }
        guard stamp.size <= largestFile else { throw unusable("it has more than \(largestFile) bytes") }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw unusable("it is not a file, or permission is missing")
        }
        return data
    }
}
