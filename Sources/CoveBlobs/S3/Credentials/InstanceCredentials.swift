import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// The role of the EC2 instance, by its metadata service, version 2: with a token that a forwarded request cannot get.
struct InstanceCredentials: CredentialSource {
    /// Elsewhere than on AWS nobody answers at that address: the wait for it is a start's delay.
    private static let patience = Duration.seconds(2)

    let environment: [String: String]
    let transport: HTTPTransport

    func load() async throws(S3Error) -> S3Credentials? {
        guard environment["AWS_EC2_METADATA_DISABLED"]?.lowercased() != "true" else { return nil }
        guard let token = await token() else { return nil }
        let list = try await get("\(base)/latest/meta-data/iam/security-credentials/", token)
        let role = String(buffer: list.body).split(whereSeparator: \.isNewline).first.map(String.init)
        guard list.status == 200, let role else {
            throw .noCredentials("the EC2 instance has no role; give it one, or set storage.s3.accesskey and storage.s3.secretkey")
        }
        let answer = try await get("\(base)/latest/meta-data/iam/security-credentials/\(URIEncoding.encode(role))", token)
        return try MetadataAnswer.credentials(in: answer, from: "the EC2 instance metadata service")
    }

    /// nil when there is no such service here.
    private func token() async -> String? {
        var request = HTTPClientRequest(url: "\(base)/latest/api/token")
        request.method = .PUT
        request.headers.add(name: "x-aws-ec2-metadata-token-ttl-seconds", value: "21600")
        guard let answer = try? await transport.fetch(request, within: Self.patience), answer.status == 200 else { return nil }
        return String(buffer: answer.body)
    }

    private func get(_ url: String, _ token: String) async throws(S3Error) -> HTTPTransport.Answer {
        var request = HTTPClientRequest(url: url)
        request.headers.add(name: "x-aws-ec2-metadata-token", value: token)
        do throws(S3Error) {
            return try await transport.fetch(request, within: Self.patience)
        } catch {
            throw .unreachable("the EC2 instance metadata service: \(error)")
        }
    }

    private var base: String {
        let own = environment.value("AWS_EC2_METADATA_SERVICE_ENDPOINT")
        return own.map { $0.hasSuffix("/") ? String($0.dropLast()) : $0 } ?? "http://169.254.169.254"
    }
}
