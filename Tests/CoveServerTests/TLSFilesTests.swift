import Crypto
import Foundation
import NIOSSL
import TestSupport
import Testing

@testable import CoveServer

@Suite("TLSFiles")
struct TLSFilesTests {
    /// Made for these tests; it guards nothing.
    private static let key = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEICKogaqrmAY5t2zb+pPnP7nqjzSCTwLB5DgCu4GWvS5goAoGCCqGSM49
        AwEHoUQDQgAEyoPnou1oFtjAZaQhORiOaGVljwbsBf6ts6HC8CDpoFB3zdNrquUO
        5ILTg4p0ZKP33DPQ3BU0AW9ujuRBQTjwrA==
        -----END EC PRIVATE KEY-----
        """
    private static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBfzCCASWgAwIBAgIUMjnkZGb6YIslsK2UXnfmFO9PuxIwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJY292ZSB0ZXN0MCAXDTI2MTEyNDIwMzQzNFoYDzIxMjYxMDMx
        MjAzNDM0WjAUMRIwEAYDVQQDDAljb3ZlIHRlc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATKg+ei7WgW2MBlpCE5GI5oZWWPBuwF/q2zocLwIOmgUHfN02uq5Q7k
        gtODinRko/fcM9DcFTQBb26O5EFBOPCso1MwUTAdBgNVHQ4EFgQUlsk1wIV5TOHK
        MejQ9GsK/LXfXQowHwYDVR0jBBgwFoAUlsk1wIV5TOHKMejQ9GsK/LXfXQowDwYD
        VR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNIADBFAiAljzSIZNCLWJK+CDVxoKPw
        3X0HzLlpGrDK27AfJY7iFAIhAJ3Q8OSPYrpJdmYnZnsd8V1PziID347l/dkuEXNg
        OgkH
        -----END CERTIFICATE-----
        """

    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        try directory.write(Self.certificate, to: "cert.pem")
        try directory.write(Self.key, to: "key.pem")
        try directory.write("no PEM at all", to: "garbage.pem")
    }

    private func open(_ certificate: String = "cert.pem", _ key: String = "key.pem") throws(ServeError) -> TLSFiles {
        try TLSFiles(certificate: directory.file(certificate), key: directory.file(key), logger: Requests.logger)
    }

    @Test("a certificate with its key serves, from the version on that is asked for", arguments: [TLSVersion.tlsv12, .tlsv13])
    func opens(minimum: TLSVersion) throws {
        let configuration = try open().configuration(
            minimum: minimum, clientCAs: [], requiresClientCertificate: true, cipherSuites: [])
        #expect(configuration.minimumTLSVersion == minimum)
        #expect(configuration.certificateChain.count == 1)
        #expect(configuration.certificateVerification == .none)
        #expect(configuration.sslContextCallback != nil)
        _ = try NIOSSLContext(configuration: configuration)
    }

    @Test("a certificate that cannot be read is named", arguments: ["missing.pem", "garbage.pem", "key.pem"])
    func badCertificate(name: String) {
        #expect {
            try open(name)
        } throws: { error in
            "\(error)".hasPrefix("http.tls.certificate: cannot read a PEM certificate from \(directory.file(name)): ")
        }
    }

    @Test("a key that cannot be read is named", arguments: ["missing.pem", "garbage.pem", "cert.pem"])
    func badKey(name: String) {
        #expect {
            try open("cert.pem", name)
        } throws: { error in
            "\(error)".hasPrefix("http.tls.key: cannot read a PEM private key from \(directory.file(name)): ")
        }
    }

    @Test("a key that is another certificate's is refused")
    func foreignKey() throws {
        try directory.write(P256.Signing.PrivateKey().pemRepresentation, to: "other.pem")
        #expect {
            try open("cert.pem", "other.pem")
        } throws: { error in
            "\(error)".hasPrefix("http.tls: the key in \(directory.file("other.pem")) does not belong to the certificate in ")
        }
    }

    @Test(
        "clients show a certificate as configured",
        arguments: [(true, CertificateVerification.noHostnameVerification), (false, .optionalVerification)])
    func clientCertificates(isRequired: Bool, expected: CertificateVerification) throws {
        let configuration = try open().configuration(
            minimum: .tlsv12, clientCAs: [directory.file("cert.pem")], requiresClientCertificate: isRequired, cipherSuites: [])
        #expect(configuration.certificateVerification == expected)
        guard case .certificates(let roots) = configuration.trustRoots else { throw ServeError("no roots") }
        #expect(roots.count == 1)
    }

    @Test("authorities that cannot be read are named", arguments: ["missing.pem", "garbage.pem"])
    func badAuthorities(name: String) throws {
        let files = try open()
        #expect {
            try files.configuration(
                minimum: .tlsv12, clientCAs: [directory.file(name)], requiresClientCertificate: true, cipherSuites: [])
        } throws: { error in
            "\(error)".hasPrefix("http.tls.clientcas: cannot read the certificates in \(directory.file(name)): ")
        }
    }

    @Test("cipher suites are those that are asked for")
    func cipherSuites() throws {
        let suites = [NIOTLSCipher.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384]
        let configuration = try open().configuration(
            minimum: .tlsv12, clientCAs: [], requiresClientCertificate: false, cipherSuites: suites)
        #expect(configuration.cipherSuiteValues == suites)
    }
}
