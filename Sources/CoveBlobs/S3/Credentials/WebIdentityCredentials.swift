import AsyncHTTPClient
import Foundation
import NIOCore
import NIOHTTP1

/// A role for a token in a file, exchanged by STS (`AssumeRoleWithWebIdentity`): what Kubernetes gives to a pod on AWS.
struct WebIdentityCredentials: CredentialSource {
    let environment: [String: String]
    let region: String
    let transport: HTTPTransport

    func load() async throws(S3Error) -> S3Credentials? {
        guard let file = environment.value("AWS_WEB_IDENTITY_TOKEN_FILE"), let role = environment.value("AWS_ROLE_ARN") else {
            return nil
        }
        let token = try await CredentialFile.token(file, named: "AWS_WEB_IDENTITY_TOKEN_FILE")
        let fields = [
            QueryItem("Action", "AssumeRoleWithWebIdentity"), QueryItem("Version", "2011-06-15"), QueryItem("RoleArn", role),
            QueryItem("RoleSessionName", environment.value("AWS_ROLE_SESSION_NAME") ?? "cove"), QueryItem("WebIdentityToken", token),
        ]
        // In the body: a URL is more likely to be written down on its way.
        var request = HTTPClientRequest(url: endpoint)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/x-www-form-urlencoded")
        let answer: HTTPTransport.Answer
        do throws(S3Error) {
            answer = try await transport.fetch(request, sending: RequestBody(fields.canonical), within: .seconds(10))
        } catch {
            throw .unreachable("AWS_ROLE_ARN: \(endpoint): \(error)")
        }
        guard answer.status == 200, let root = try? XMLReader.read(answer.body.readableBytesView),
            let found = root["AssumeRoleWithWebIdentityResult"]?["Credentials"],
            let key = found["AccessKeyId"]?.text, let secret = found["SecretAccessKey"]?.text,
            let session = found["SessionToken"]?.text
        else {
            let refusal = S3Error.Refusal(status: answer.status, headers: answer.headers, body: answer.body.readableBytesView)
            if refusal.isPassing { throw .unreachable("AWS_ROLE_ARN: \(endpoint): \(S3Error.refused(refusal))") }
            throw .noCredentials("\(endpoint) gives no credentials for AWS_ROLE_ARN \(role): \(S3Error.refused(refusal))")
        }
        return S3Credentials(
            accessKey: key, secretKey: secret, sessionToken: session,
            expiration: found["Expiration"].flatMap { AmazonTime.parse(iso: $0.text) })
    }

    private var endpoint: String {
        if let own = environment.value("AWS_ENDPOINT_URL_STS") { return own.hasSuffix("/") ? own : own + "/" }
        return "https://sts.\(region).\(region.hasPrefix("cn-") ? "amazonaws.com.cn" : "amazonaws.com")/"
    }
}
