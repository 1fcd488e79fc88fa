import AsyncHTTPClient
import Foundation
import NIOHTTP1

/// The credentials endpoint of a container: of ECS by a path, of EKS Pod Identity by a URL with a token.
struct ContainerCredentials: CredentialSource {
    let environment: [String: String]
    let transport: HTTPTransport

    func load() async throws(S3Error) -> S3Credentials? {
        guard let url = try url() else { return nil }
        var request = HTTPClientRequest(url: url)
        if let file = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE") {
            let token = try await CredentialFile.token(file, named: "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE")
            request.headers.add(name: "authorization", value: token)
        } else if let token = environment.value("AWS_CONTAINER_AUTHORIZATION_TOKEN") {
            request.headers.add(name: "authorization", value: token)
        }
        do throws(S3Error) {
            let answer = try await transport.fetch(request, within: .seconds(5))
            return try MetadataAnswer.credentials(in: answer, from: "the container's credentials endpoint \(url)")
        } catch .noCredentials(let why) {
            throw .noCredentials(why)
        } catch {
            throw .unreachable("the container's credentials endpoint \(url): \(error)")
        }
    }

    private func url() throws(S3Error) -> String? {
        if let path = environment.value("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI") { return "http://169.254.170.2\(path)" }
        guard let full = environment.value("AWS_CONTAINER_CREDENTIALS_FULL_URI") else { return nil }
        // The token that goes with the request is worth something: over plain HTTP it stays on the machine.
        guard let parts = URLComponents(string: full), let host = parts.host,
            parts.scheme == "https" || Self.isLocal(host)
        else {
            throw .noCredentials(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI is '\(full)': it must be https, or http to this machine's own addresses")
        }
        return full
    }

    /// Loopback, and the link-local addresses of ECS and of EKS.
    private static func isLocal(_ host: String) -> Bool {
        let host = host.trimmingCharacters(in: ["[", "]"])
        return host == "localhost" || host.hasPrefix("127.")
            || ["::1", "169.254.170.2", "169.254.170.23", "fd00:ec2::23"].contains(host)
    }
}
