import CoveOutbound
import Foundation

/// Where the audit log is forwarded to: `udp://host:514`, `tcp://host:601`, `tls://host:6514`, or `host:port`, which is TCP as
/// with Harbor.
struct SyslogEndpoint: Sendable, Equatable {
    enum Transport: String, Sendable {
        case udp, tcp, tls

        /// RFC 5426, RFC 6587 (of no standard), RFC 5425.
        var usualPort: Int {
            switch self {
            case .udp: 514
            case .tcp: 601
            case .tls: 6514
            }
        }
    }

    let transport: Transport
    let host: String
    let port: Int

    init?(parsing text: String) {
        var rest = text[...]
        var transport = Transport.tcp
        if let mark = rest.range(of: "://") {
            guard let named = Transport(rawValue: rest[..<mark.lowerBound].lowercased()) else { return nil }
            transport = named
            rest = rest[mark.upperBound...]
        }
        guard !rest.contains(where: { "/?#@ ".contains($0) }), let target = HostPort(rest), !target.host.isEmpty else { return nil }
        self.transport = transport
        host = target.host
        port = target.port ?? transport.usualPort
    }
}
