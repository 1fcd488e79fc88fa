import CoveACME
import CoveConfiguration
import CoveMetadata
import CoveOutbound
import Foundation
import Logging
import NIOPosix
import NIOSSL

/// `http.tls.letsencrypt`: what obtains certificates, and what shows them.
struct LetsEncrypt: TLSIdentity {
    let manager: CertificateManager
    let settings: Configuration.LetsEncrypt
    /// Never shown: a handshake for which there is no certificate ends.
    let initial: TLSCertificate

    /// Reads what was obtained before.
    ///
    /// - Returns: nil without such a section.
    /// - Throws: ``ServeError`` when a file or directory that it names cannot be used.
    init?(_ configuration: Configuration, _ metadata: MetadataStore, _ threads: NIOThreadPool, _ logger: Logger) async throws(ServeError) {
        guard case .letsEncrypt(let settings) = configuration.http.tls?.identity else { return nil }
        self.settings = settings
        try Self.checkFiles(settings)
        do {
            let placeholder = try SelfSigned.make(settings.hosts[0])
            initial = TLSCertificate(chain: [placeholder.certificate], key: placeholder.key)
        } catch {
            throw ServeError("http.tls.letsencrypt: cannot make a key: \(error)")
        }
        let place = Self.directory(configuration)
        let proxies = try configuration.outboundProxies()
        do throws(ACMEError) {
            let vault: any CertificateVault = if let place { try DirectoryVault(place, threads: threads) } else { DatabaseVault(metadata) }
            var options = settings.options
            options.proxies = proxies
            manager = CertificateManager(options, vault: vault, logger: logger)
            try await manager.prepare()
        } catch {
            throw ServeError("http.tls.letsencrypt.cachefile: \(error)")
        }
        if metadata.isShared, settings.cacheFile != nil {
            logger.notice(
                "http.tls.letsencrypt.cachefile must be a directory that all nodes share; without the key they share the database",
                metadata: ["cachefile": "\(place ?? "")"])
        }
    }

    /// What can be told without a server.
    ///
    /// - Throws: ``ServeError``.
    static func checkFiles(_ settings: Configuration.LetsEncrypt) throws(ServeError) {
        var isDirectory: ObjCBool = true
        if let path = settings.cacheFile, FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), !isDirectory.boolValue {
            throw ServeError("http.tls.letsencrypt.cachefile: '\(path)' is a file; name a directory, as for registry:2")
        }
        guard let path = settings.directoryCA else { return }
        do {
            guard try !NIOSSLCertificate.fromPEMFile(path).isEmpty else { throw ServeError("there is none in it") }
        } catch {
            throw ServeError("http.tls.letsencrypt.directoryca: cannot read the certificates in \(path): \(error)")
        }
    }

    /// Nil for the database, where nodes share one and no directory is named.
    static func directory(_ configuration: Configuration) -> String? {
        if case .letsEncrypt(let settings) = configuration.http.tls?.identity, let path = settings.cacheFile { return path }
        switch MetadataSource(configuration).location {
        case .postgresql, .memory: return nil
        case .sqlite(let path): return URL(fileURLWithPath: path).deletingLastPathComponent().appending(path: "letsencrypt").path
        }
    }

    func certificate(for name: String?) -> TLSCertificate? {
        manager.certificate(for: name).map { TLSCertificate(chain: $0.chain, key: $0.key) }
    }

    var expiry: Int? { manager.expiry.map { Int($0.timeIntervalSince1970) } }
}

extension Configuration.LetsEncrypt {
    var options: CertificateManager.Options {
        var options = CertificateManager.Options(hosts: hosts, directoryURL: directoryURL)
        options.email = email
        options.authorities = directoryCA
        options.challenge = http01Addr == nil ? .tlsALPN01 : .http01
        options.externalAccount = externalAccount.flatMap { CoveACME.ExternalAccount(keyID: $0.keyID, hmacKey: $0.hmacKey) }
        options.userAgent = "cove/\(Version.current)"
        return options
    }
}

extension Configuration.TLS {
    /// Whether challenges come to the TLS address itself.
    var usesTLSALPN: Bool {
        if case .letsEncrypt(let settings) = identity { settings.http01Addr == nil } else { false }
    }
}
