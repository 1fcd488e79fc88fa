import CoveBlobs
import CoveMetadata
import CoveOCI
import CoveRegistry
import HTTPTypes
import HummingbirdCore
import NIOCore

extension OCIResponder {
    func blob(
        _ exchange: Exchange, _ digest: Digest, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        switch exchange.method {
        case .delete:
            try await asking { () throws(RegistryError) in
                try await registry.deleteBlob(digest, in: name, origin: exchange.origin)
            }
            return .empty(.accepted)
        case .head:
            let size = try await size(of: digest, in: name, origin: exchange.origin)
            var headers = Self.headers(ofBlob: digest)
            if Self.matches(exchange.headers[.ifNoneMatch], digest) { return .empty(.notModified, headers: headers) }
            headers[.contentLength] = String(size)
            return Response(status: .ok, headers: headers)
        default: return try await pullBlob(exchange, digest, in: name)
        }
    }

    private func pullBlob(
        _ exchange: Exchange, _ digest: Digest, in name: RepositoryName
    ) async throws(OCIFailure) -> Response {
        var headers = Self.headers(ofBlob: digest)
        if Self.matches(exchange.headers[.ifNoneMatch], digest) {
            _ = try await size(of: digest, in: name, origin: nil)
            return .empty(.notModified, headers: headers)
        }
        let content = try await asking { () throws(RegistryError) in
            guard let mirror = mirrors?.mirror(of: name) else {
                return try await registry.openBlob(digest, in: name, origin: exchange.origin)
            }
            return try await mirror.openBlob(digest, in: name, origin: exchange.origin)
        }
        let isCurrent = exchange.headers[.ifRange].map { Self.matches($0, digest) } ?? true
        let range = isCurrent ? ByteRange(header: exchange.headers[.range], size: content.size) : .whole
        let part: Range<Int64>
        switch range {
        case .whole: part = 0..<content.size
        case .part(let wanted):
            part = wanted
            headers[.contentRange] = "bytes \(wanted.lowerBound)-\(wanted.upperBound - 1)/\(content.size)"
        case .unsatisfiable:
            if case .storage(let reader) = content.bytes { await reader.close() }
            throw OCIFailure(
                status: .rangeNotSatisfiable, code: .rangeInvalid,
                message: "the range '\(exchange.headers[.range] ?? "")' is outside of the blob's \(content.size) bytes",
                headers: [.contentRange: "bytes */\(content.size)"])
        }
        headers[.contentLength] = String(part.count)
        let status: HTTPResponse.Status = range == .whole ? .ok : .partialContent
        switch content.bytes {
        case .memory(let bytes):
            let slice = bytes.getSlice(at: bytes.readerIndex + Int(part.lowerBound), length: part.count) ?? bytes
            return Response(status: status, headers: headers, body: .init(byteBuffer: slice))
        case .storage(let reader):
            return Response(status: status, headers: headers, body: .streaming(reader, part, for: exchange))
        case .elsewhere(let url):
            // None of the blob's own fields: what may be kept for long is the blob, not a URL that ends. A range is asked
            // for again where the URL leads.
            return .empty(.temporaryRedirect, headers: [.location: url, .dockerContentDigest: digest.description])
        }
    }

    private func size(
        of digest: Digest, in name: RepositoryName, origin: Event.Origin?
    ) async throws(OCIFailure) -> Int64 {
        try await asking { () throws(RegistryError) in
            guard let mirror = mirrors?.mirror(of: name) else {
                return try await registry.blobSize(digest, in: name, origin: origin)
            }
            return try await mirror.blobSize(digest, in: name, origin: origin)
        }
    }

    private static func headers(ofBlob digest: Digest) -> HTTPFields {
        let text = digest.description
        return [
            .contentType: "application/octet-stream",
            .dockerContentDigest: text,
            .eTag: "\"\(text)\"",
            .cacheControl: "max-age=31536000, immutable",
            .acceptRanges: "bytes",
        ]
    }

    /// Whether an entity-tag header (`If-None-Match`, `If-Range`) names this digest (RFC 9110 section 13.1.2).
    static func matches(_ header: String?, _ digest: Digest) -> Bool {
        guard let header else { return false }
        return matches(header, text: digest.description)
    }

    static func matches(_ header: String, text: String) -> Bool {
        header.split(separator: ",").contains { candidate in
            var tag = candidate.drop { $0 == " " }
            while tag.last == " " { tag = tag.dropLast() }
            if tag == "*" { return true }
            if tag.hasPrefix("W/") { tag = tag.dropFirst(2) }
            return tag == text || (tag.count == text.count + 2 && tag.dropFirst().dropLast() == text)
        }
    }
}

extension ResponseBody {
    /// A part of a blob. The reader is closed at the end.
    static func streaming(_ reader: any BlobReader, _ part: Range<Int64>, for exchange: Exchange) -> ResponseBody {
        reader.expect(part)
        let pump = BlobPump(reader: reader, channel: exchange.channel, traffic: exchange.traffic)
        return ResponseBody(contentLength: part.count) { writer in
            do {
                // Not by the response writer: it takes whatever comes before the event loop has had its turn, so that
                // a slow client would cost megabytes.
                try await pump.send(part)
            } catch {
                await reader.close()
                throw error
            }
            await reader.close()
            try await writer.finish(nil)
        }
    }
}
