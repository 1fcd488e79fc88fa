import AsyncHTTPClient
import CoveClient
import CoveOutbound
import Foundation
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Speaks Harbor's API v2.0 with a server, as one user.
package final class HarborClient: Sendable {
    package let address: RegistryAddress
    /// Nil asks as nobody.
    package let login: Login?
    private let connections: OutboundClients

    /// Of an answer, in bytes. Logs of jobs are the longest.
    private static let mostOfAnswer = 64 * 1024 * 1024
    private static let patience = TimeAmount.seconds(90)
    private static let tries = 3

    /// - Parameter connections: as ``ServerConnections/make(_:)`` makes them.
    package init(_ address: RegistryAddress, login: Login?, connections: OutboundClients) {
        self.address = address
        self.login = login
        self.connections = connections
    }

    /// What a server answered.
    package struct Answer: Sendable {
        package let headers: HTTPHeaders
        package let body: ByteBuffer

        package var text: String { String(buffer: body) }
        /// ``JSONValue/null`` for an answer without a body.
        package var value: JSONValue { JSONValue(parsing: Data(buffer: body)) ?? .null }
        /// How many there are in all, of a list.
        package var total: Int? { headers.first(name: "X-Total-Count").flatMap { Int($0) } }
        /// The last part of `Location`: the id, or the name, of what was created.
        package var created: String? { headers.first(name: "Location")?.split(separator: "/").last.map(String.init) }
    }

    package func get(_ path: [String], _ query: [(String, String)] = []) async throws(HarborError) -> Answer {
        var tried = 0
        while true {
            do throws(HarborError) {
                return try await send(.GET, path, query, nil)
            } catch {
                tried += 1
                let isPassing: Bool =
                    switch error {
                    case .unreachable: true
                    case .refused(let refusal): [502, 503, 504].contains(refusal.status)
                    default: false
                    }
                guard isPassing, tried < Self.tries, (try? await Task.sleep(for: .milliseconds(200 << tried))) != nil else { throw error }
            }
        }
    }

    /// As ``get(_:_:)``, without trying again.
    package func once(_ path: [String]) async throws(HarborError) -> Answer { try await send(.GET, path, [], nil) }

    package func post(_ path: [String], _ body: JSONValue? = nil, query: [(String, String)] = []) async throws(HarborError) -> Answer {
        try await send(.POST, path, query, body)
    }

    package func put(_ path: [String], _ body: JSONValue? = nil) async throws(HarborError) -> Answer {
        try await send(.PUT, path, [], body)
    }

    package func patch(_ path: [String], _ body: JSONValue) async throws(HarborError) -> Answer {
        try await send(.PATCH, path, [], body)
    }

    package func delete(_ path: [String]) async throws(HarborError) {
        _ = try await send(.DELETE, path, [], nil)
    }

    /// What is at a path, or nil.
    package func find(_ path: [String]) async throws(HarborError) -> JSONValue? {
        do throws(HarborError) {
            return try await get(path).value
        } catch {
            guard error.status == 404 else { throw error }
            return nil
        }
    }

    private func send(
        _ method: HTTPMethod, _ path: [String], _ query: [(String, String)], _ body: JSONValue?
    ) async throws(HarborError) -> Answer {
        let target = HarborPath.joined(path, query)
        var request = HTTPClientRequest(url: "\(address)/api/v2.0/\(target)")
        request.method = method
        request.headers = [
            "Accept": "application/json", "User-Agent": "cove",
            // Projects are always named: a name of digits is no id.
            "X-Is-Resource-Name": "true",
        ]
        if let login { request.headers.add(name: "Authorization", value: login.basic) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body.text()))
        }
        let response: HTTPClientResponse
        var text: ByteBuffer
        do {
            response = try await connections.client(for: request.url).execute(request, deadline: .now() + Self.patience)
            text = try await response.body.collect(upTo: Self.mostOfAnswer)
        } catch {
            throw .unreachable(server: "\(address)", why: ClientError(transport: error).reason)
        }
        guard (200..<300).contains(response.status.code) else {
            throw .refused(refusal(method, path, response, JSONValue(parsing: Data(buffer: text))))
        }
        if response.headers.first(name: "Content-Type")?.hasPrefix("text/html") == true {
            throw .invalidAnswer(server: "\(address)", why: "/api/v2.0/\(path.joined(separator: "/")) is a page of HTML")
        }
        return Answer(headers: response.headers, body: text)
    }

    private func refusal(_ method: HTTPMethod, _ path: [String], _ response: HTTPClientResponse, _ body: JSONValue?) -> HarborRefusal {
        let first = body?["errors"]?.items.first
        let name = path.map { $0.removingPercentEncoding ?? $0 }.joined(separator: "/")
        return HarborRefusal(
            status: Int(response.status.code), code: first?.text("code") ?? "",
            message: first?.text("message") ?? body?.text("message") ?? "",
            request: "\(method) /api/v2.0/\(name)", requestID: response.headers.first(name: "X-Request-Id"), server: "\(address)",
            user: login?.user)
    }
}
