import CoveConfiguration
import Foundation
import NIOPosix
import SwiftASN1
import X509

/// What the API tells of how the server was set up.
struct ServerFacts: Sendable {
    /// Where bytes are kept, by the driver's name.
    let storageProvider: String
    /// The directory that bytes are kept in; nil when it is not one.
    let volume: String?
    /// How URLs of this server are spelled.
    let locations: LocationPolicy
    /// PEM: the certificates that the server shows, its own first; nil without TLS of its own.
    private let certificateChain: String?

    init(_ configuration: Configuration) {
        switch configuration.storage.driver {
        case .filesystem(let root, _): (storageProvider, volume) = ("filesystem", root)
        case .inMemory: (storageProvider, volume) = ("inmemory", nil)
        case .s3: (storageProvider, volume) = ("s3", nil)
        }
        locations = LocationPolicy(host: configuration.http.trimmedHost, prefix: configuration.http.trimmedPrefix)
        if case .files(let certificate, _)? = configuration.http.tls?.identity {
            certificateChain = certificate
        } else {
            certificateChain = nil
        }
    }

    /// The root that clients have to trust, in PEM: that which the server's own chain of certificates ends in; nil when that one
    /// is left out of it, as it is where clients know it already.
    func rootCertificate() async throws -> String? {
        guard let certificateChain else { return nil }
        return try await NIOThreadPool.singleton.runIfActive {
            let text = try String(contentsOfFile: certificateChain, encoding: .utf8)
            guard let last = try PEMDocument.parseMultiple(pemString: text).last(where: { $0.discriminator == "CERTIFICATE" }) else {
                return nil
            }
            let certificate = try Certificate(pemDocument: last)
            return certificate.issuer == certificate.subject ? last.pemString + "\n" : nil
        }
    }

    /// The size of the volume that bytes are kept on, and what is free of it, in bytes; nil when they are not on one.
    func room() async throws -> (total: Int64, free: Int64)? {
        guard let volume else { return nil }
        return try await NIOThreadPool.singleton.runIfActive { () -> (Int64, Int64)? in
            var status = statvfs()
            guard statvfs(volume, &status) == 0 else { return nil }
            let unit = Int64(status.f_frsize)
            return (Int64(status.f_blocks) * unit, Int64(status.f_bavail) * unit)
        }
    }
}
