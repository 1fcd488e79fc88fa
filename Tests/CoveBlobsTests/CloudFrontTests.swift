import CoveOCI
import Crypto
import CryptoExtras
import Foundation
import Logging
import Testing

@testable import CoveBlobs

@Suite("Delivery: CloudFront")
struct CloudFrontTests {
    private static let key = Result { try _RSA.Signing.PrivateKey(keySize: .bits2048) }
    private let key: _RSA.Signing.PrivateKey
    private let blob = DeliveredBlob(location: "cove/ab/c", key: "root dir/cove/ab/c", client: "192.0.2.7")

    init() throws {
        key = try Self.key.get()
    }

    private func query(of url: String) throws -> [String: String] {
        let items = try #require(URLComponents(string: url)?.queryItems)
        return Dictionary(items.map { ($0.name, $0.value ?? "") }, uniquingKeysWith: { $1 })
    }

    @Test("a signed URL carries its end, the key's id, and a signature over the canned policy")
    func signature() throws {
        for pem in [key.pemRepresentation, key.pkcs8PEMRepresentation] {
            let signer = try CloudFrontSigner(privateKey: pem, keyPairID: "K2JCJMDEHXQW5F")
            let url = try signer.signed("https://d1.example/a/b", until: Date(timeIntervalSince1970: 1_700_000_000.9))
            #expect(url.hasPrefix("https://d1.example/a/b?Expires=1700000000&Signature="))
            let query = try query(of: url)
            #expect(query["Key-Pair-Id"] == "K2JCJMDEHXQW5F")
            let text = try #require(query["Signature"])
            #expect(!text.contains { "+/=".contains($0) })
            let base64 = text.replacing("-", with: "+").replacing("_", with: "=").replacing("~", with: "/")
            let signature = _RSA.Signing.RSASignature(rawRepresentation: try #require(Data(base64Encoded: base64)))
            let policy =
                #"{"Statement":[{"Resource":"https://d1.example/a/b","Condition":{"DateLessThan":{"AWS:EpochTime":1700000000}}}]}"#
            let digest = Insecure.SHA1.hash(data: Data(policy.utf8))
            #expect(key.publicKey.isValidSignature(signature, for: digest, padding: .insecurePKCS1v1_5))
        }
    }

    @Test("what is no RSA key of 2048 bits is refused without being shown")
    func badKeys() throws {
        let short = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: 1024)).pemRepresentation
        for pem in ["", "secret-text", P256.Signing.PrivateKey().pemRepresentation, short] {
            #expect {
                _ = try CloudFrontSigner(privateKey: pem, keyPairID: "K")
            } throws: { error in
                let text = "\(error)"
                return text.contains("RSA key of 2048 bits") && (pem.isEmpty || !text.contains(pem.prefix(40)))
            }
        }
    }

    @Test("the URL is the distribution's and the bucket's key, encoded, for as long as was said")
    func step() async throws {
        let signer = try CloudFrontSigner(privateKey: key.pemRepresentation, keyPairID: "K")
        let step = CloudFrontStep(
            baseURL: "https://d1.example/x/", signer: signer, duration: .seconds(1200), now: { Date(timeIntervalSince1970: 100) })
        let url = try #require(
            try await step.url(of: blob) { () throws(BlobStorageError) in throw .failed("the storage is not asked") })
        #expect(url.hasPrefix("https://d1.example/x/root%20dir/cove/ab/c?Expires=1300&"))
    }

    @Test("who is near is sent to the storage; nobody is before the list is read")
    func nearby() async throws {
        let signer = try CloudFrontSigner(privateKey: key.pemRepresentation, keyPairID: "K")
        let clients = NearbyClients(
            url: "http://unused", regions: ["eu-west-1"], frequency: .seconds(1),
            logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
        let step = CloudFrontStep(baseURL: "https://d1.example/", signer: signer, duration: .seconds(60), nearby: clients)
        func isNear(_ client: String?) async throws -> Bool {
            let blob = DeliveredBlob(location: "l", key: "k", client: client)
            return try await step.url(of: blob) { () throws(BlobStorageError) in "own" } == "own"
        }
        #expect(try await !isNear("192.0.2.7"))
        let list =
            #"{"syncToken":"1","prefixes":[{"ip_prefix":"192.0.2.0/24","region":"eu-west-1","service":"S3","network_border_group":"x"},{"ip_prefix":"198.51.100.0/24","region":"us-east-1"}],"ipv6_prefixes":[{"ipv6_prefix":"2001:db8::/32","region":"EU-WEST-1"}]}"#
        try clients.take(Data(list.utf8))
        #expect(try await isNear("192.0.2.7"))
        #expect(try await isNear("::ffff:192.0.2.7"))
        #expect(try await isNear("2001:db8:1::1"))
        for other in ["198.51.100.1", "203.0.113.1", "not an address", nil] { #expect(try await !isNear(other)) }
        #expect(throws: (any Error).self) { try clients.take(Data("<html>".utf8)) }
        #expect(try await isNear("192.0.2.7"))
    }
}
