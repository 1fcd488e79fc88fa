import CoveBlobs
import CoveConfiguration
import CoveOutbound
import Foundation
import Logging
import ServiceLifecycle

/// What `middleware.storage` says of the URLs for blobs, ready for use.
struct Delivery: Sendable {
    /// Nil when nothing changes the storage's own URLs.
    let content: ContentDelivery?
    /// What reads the lists of addresses, for as long as the server runs.
    let services: [any Service]

    /// - Throws: ``ServeError`` that names the setting, for a key that cannot be used.
    init(_ configuration: Configuration, _ proxies: OutboundProxies, logger: Logger) throws(ServeError) {
        var steps: [any DeliveryStep] = []
        var services: [any Service] = []
        for middleware in configuration.middleware {
            switch middleware {
            case .redirect(let base): steps.append(RedirectStep(baseURL: base))
            case .rewrite(let rewrite):
                steps.append(RewriteStep(scheme: rewrite.scheme, host: rewrite.host, trimmedPrefix: rewrite.trimPathPrefix))
            case .cloudFront(let settings):
                let signer = try Self.signer(settings)
                guard settings.canRead(configuration.storage.driver) else { continue }
                let nearby = settings.nearby(proxies, logger)
                if let nearby { services.append(Updates(clients: nearby)) }
                steps.append(CloudFrontStep(baseURL: settings.baseURL, signer: signer, duration: settings.duration, nearby: nearby))
            }
        }
        content = steps.isEmpty ? nil : ContentDelivery(steps)
        self.services = services
    }

    /// The files that it reads.
    static func files(_ configuration: Configuration) -> [String] {
        configuration.middleware.compactMap { if case .cloudFront(let settings) = $0 { settings.privateKey } else { nil } }
    }

    private static func signer(_ settings: Configuration.CloudFront) throws(ServeError) -> CloudFrontSigner {
        let key = "middleware.storage: cloudfront's privatekey '\(settings.privateKey)'"
        guard let data = FileManager.default.contents(atPath: settings.privateKey) else {
            throw ServeError("\(key) cannot be read; name a file that this process may read")
        }
        do throws(BlobStorageError) {
            return try CloudFrontSigner(privateKey: String(decoding: data, as: UTF8.self), keyPairID: settings.keyPairID)
        } catch {
            throw ServeError("\(key): \(error)")
        }
    }

    private struct Updates: Service {
        let clients: NearbyClients

        func run() async throws {
            await cancelWhenGracefulShutdown { await clients.run() }
        }
    }
}

extension Configuration.CloudFront {
    /// Whether the distribution can fetch what the storage keeps.
    fileprivate func canRead(_ driver: Configuration.Storage.Driver) -> Bool {
        switch driver {
        case .s3: origin == .bucket
        case .filesystem: origin == .rootDirectory
        case .inMemory: false
        }
    }

    fileprivate func nearby(_ proxies: OutboundProxies, _ logger: Logger) -> NearbyClients? {
        switch filter {
        case .none: nil
        case .aws:
            NearbyClients(url: rangesURL, regions: nil, frequency: updateFrequency, proxies: proxies, logger: logger)
        case .regions(let regions):
            NearbyClients(url: rangesURL, regions: regions, frequency: updateFrequency, proxies: proxies, logger: logger)
        }
    }
}
