import NIOCore

/// What a client says first in a TLS handshake, as far as it is needed to know a validation by (RFC 8446 section 4.1.2).
struct ClientHello: Equatable {
    enum Reading: Equatable {
        case incomplete
        case hello(ClientHello)
        /// Something else, or in more pieces than a validation comes in.
        case other
    }

    /// In lower case (RFC 6066 section 3).
    var serverName: String?
    /// In the client's order (RFC 7301).
    var protocols: [String] = []

    /// Reads the first record of a connection. TLS itself checks everything again.
    static func read(_ bytes: ByteBuffer) -> Reading {
        var record = bytes
        guard let type = record.readInteger(as: UInt8.self) else { return .incomplete }
        guard type == 22 else { return .other }
        guard let version = record.readInteger(as: UInt8.self) else { return .incomplete }
        guard version == 3 else { return .other }
        guard record.readInteger(as: UInt8.self) != nil, let length = record.readInteger(as: UInt16.self) else { return .incomplete }
        guard length > 4, length <= 1 << 14 else { return .other }
        guard var message = record.readSlice(length: Int(length)) else { return .incomplete }
        guard message.readInteger(as: UInt8.self) == 1, let high = message.readInteger(as: UInt8.self), high == 0,
            let size = message.readInteger(as: UInt16.self), var body = message.readSlice(length: Int(size)),
            let hello = ClientHello(&body)
        else { return .other }
        return .hello(hello)
    }

    /// - Parameter body: the message without its head.
    private init?(_ body: inout ByteBuffer) {
        // Version and random, session, cipher suites, compression methods.
        guard body.readSlice(length: 34) != nil, body.readShort() != nil, body.readLong() != nil, body.readShort() != nil,
            var extensions = body.readLong()
        else { return nil }
        while extensions.readableBytes > 0 {
            guard let type = extensions.readInteger(as: UInt16.self), var content = extensions.readLong() else { return nil }
            switch type {
            case 0: serverName = Self.name(&content)
            case 16:
                guard var list = content.readLong() else { return nil }
                while list.readableBytes > 0 {
                    guard let name = list.readShort() else { return nil }
                    protocols.append(String(buffer: name))
                }
            default: break
            }
        }
    }

    init(serverName: String?, protocols: [String]) {
        self.serverName = serverName
        self.protocols = protocols
    }

    private static func name(_ content: inout ByteBuffer) -> String? {
        guard var list = content.readLong(), list.readInteger(as: UInt8.self) == 0, let name = list.readLong() else { return nil }
        return String(buffer: name).lowercased()
    }
}

extension ByteBuffer {
    /// Bytes after their number in one byte.
    fileprivate mutating func readShort() -> ByteBuffer? { readLengthPrefixedSlice(as: UInt8.self) }

    /// Bytes after their number in two bytes.
    fileprivate mutating func readLong() -> ByteBuffer? { readLengthPrefixedSlice(as: UInt16.self) }
}
