import CLinux
import Foundation
import Logging
import NIOCore
import NIOSSL
import Synchronization

/// A certificate chain and key in files, read again when the files change: a renewed certificate needs no restart.
final class TLSFiles: TLSIdentity {
    private struct Loaded: Sendable {
        var chain: [NIOSSLCertificateSource]
        var key: NIOSSLPrivateKeySource
        var stamp: String
        var checked: ContinuousClock.Instant
    }

    /// How often the files are looked at.
    private static let interval = Duration.seconds(1)

    private let certificate: String
    private let key: String
    private let logger: Logger
    private let loaded: Mutex<Loaded>

    /// - Throws: ``ServeError`` naming the file that cannot be used.
    init(certificate: String, key: String, logger: Logger) throws(ServeError) {
        self.certificate = certificate
        self.key = key
        self.logger = logger
        let (chain, privateKey) = try Self.load(certificate, key)
        loaded = Mutex(
            Loaded(chain: chain, key: privateKey, stamp: Self.stamp(certificate, key), checked: .now))
    }

    var initial: TLSCertificate { loaded.withLock { TLSCertificate(chain: $0.chain, key: $0.key) } }

    func certificate(for name: String?) -> TLSCertificate? {
        let (chain, key) = current()
        return TLSCertificate(chain: chain, key: key)
    }

    /// When the certificate ends, in Unix time.
    var expiry: Int? {
        guard case .certificate(let certificate)? = loaded.withLock({ $0.chain.first }) else { return nil }
        return Int(certificate.notValidAfter)
    }

    /// Looks at the files now. Blocks for a moment.
    func readAgain() {
        loaded.withLock { $0.checked = .now - Self.interval }
        _ = current()
    }

    private func current() -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        loaded.withLock { loaded in
            guard ContinuousClock.now - loaded.checked >= Self.interval else { return (loaded.chain, loaded.key) }
            loaded.checked = .now
            let stamp = Self.stamp(certificate, key)
            guard stamp != loaded.stamp else { return (loaded.chain, loaded.key) }
            do throws(ServeError) {
                (loaded.chain, loaded.key) = try Self.load(certificate, key)
                loaded.stamp = stamp
                logger.info("read the renewed TLS certificate", metadata: ["certificate": "\(certificate)"])
            } catch {
                // Perhaps half written: the old one serves until both files are good.
                logger.error("the changed TLS certificate cannot be used", metadata: ["error": "\(error)"])
            }
            return (loaded.chain, loaded.key)
        }
    }

    private static func load(
        _ certificate: String, _ key: String
    ) throws(ServeError) -> ([NIOSSLCertificateSource], NIOSSLPrivateKeySource) {
        let chain: [NIOSSLCertificate]
        do {
            chain = try NIOSSLCertificate.fromPEMFile(certificate)
        } catch {
            throw ServeError("http.tls.certificate: cannot read a PEM certificate from \(certificate): \(error)")
        }
        let privateKey: NIOSSLPrivateKey
        do {
            privateKey = try NIOSSLPrivateKey(file: key, format: .pem)
        } catch {
            throw ServeError("http.tls.key: cannot read a PEM private key from \(key): \(error)")
        }
        do {
            _ = try NIOSSLContext(
                configuration: .makeServerConfiguration(
                    certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey)))
        } catch {
            throw ServeError("http.tls: the key in \(key) does not belong to the certificate in \(certificate): \(error)")
        }
        return (chain.map { .certificate($0) }, .privateKey(privateKey))
    }

    /// Changes when either file does.
    private static func stamp(_ paths: String...) -> String {
        paths.map { path in
            var file = cove_file()
            guard cove_look_at(path, &file) == 0 else { return "absent" }
            return "\(file.inode).\(file.size).\(file.seconds).\(file.nanoseconds)"
        }.joined(separator: "/")
    }
}

/// Why the server could not start: one sentence that names the setting.
package struct ServeError: Error, CustomStringConvertible, Sendable {
    /// One or more.
    package let problems: [String]

    package var description: String { problems.joined(separator: "\n") }

    package init(_ description: String) {
        problems = [description]
    }

    package init(_ problems: [String]) {
        self.problems = problems
    }
}
