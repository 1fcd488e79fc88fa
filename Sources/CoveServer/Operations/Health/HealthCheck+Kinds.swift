import AsyncHTTPClient
import CLinux
import CoveConfiguration
import CoveOutbound
import Foundation
import NIOCore
import NIOHTTP1
import NIOPosix

extension HealthCheck {
    /// Fails while there is a file.
    static func file(_ check: Configuration.Health.FileCheck) -> HealthCheck {
        HealthCheck(
            name: check.file, interval: check.rhythm.interval, threshold: check.rhythm.threshold, isImmediate: true
        ) {
            let found = try? await NIOThreadPool.singleton.runIfActive { () -> Int32 in
                var file = cove_file()
                return cove_look_at(check.file, &file)
            }
            switch found ?? ENOENT {
            case 0: return "file exists"
            case ENOENT, ENOTDIR: return nil
            case let code: return String(cString: strerror(code))
            }
        }
    }

    /// Fails while a server does not answer HEAD with the status that is expected.
    static func http(_ check: Configuration.Health.HTTPCheck, _ clients: OutboundClients) -> HealthCheck {
        let name = Configuration.maskingPassword(check.uri)
        return HealthCheck(
            name: name, interval: check.rhythm.interval, threshold: check.rhythm.threshold, isImmediate: false
        ) {
            var request = HTTPClientRequest(url: check.uri)
            request.method = .HEAD
            for header in check.headers {
                for value in header.values { request.headers.add(name: header.name, value: value) }
            }
            do {
                let response = try await clients.client(for: check.uri).execute(request, timeout: .init(check.timeout))
                guard Int(response.status.code) != check.statusCode else { return nil }
                return "the service answered \(response.status.code), not \(check.statusCode)"
            } catch {
                return "the service could not be asked: \(error)"
            }
        }
    }

    /// Fails while an address takes no connection.
    static func tcp(_ check: Configuration.Health.TCPCheck) -> HealthCheck {
        HealthCheck(
            name: check.addr, interval: check.rhythm.interval, threshold: check.rhythm.threshold, isImmediate: false
        ) {
            guard case .tcp(let host, let port) = ListenAddress(check.addr, .tcp) else { return "not of the form host:port" }
            do {
                let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(.init(check.timeout)).connect(host: host, port: port).get()
                try? await channel.close()
                return nil
            } catch {
                return "no connection: \(error)"
            }
        }
    }
}

extension Configuration.Health {
    /// The checks beside that of the storage.
    func checks(_ clients: OutboundClients) -> [HealthCheck] {
        files.map(HealthCheck.file) + http.map { HealthCheck.http($0, clients) } + tcp.map(HealthCheck.tcp)
    }
}
