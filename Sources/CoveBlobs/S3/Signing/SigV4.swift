import Crypto
import Foundation

/// Signs requests by AWS Signature Version 4, for any service and region.
struct SigV4: Sendable {
    /// What stands for the hash of a body that only TLS protects.
    static let unsignedPayload = "UNSIGNED-PAYLOAD"
    private static let algorithm = "AWS4-HMAC-SHA256"

    let credentials: S3Credentials
    let region: String
    let service: String

    /// The value of `Authorization` for a request that has its `X-Amz-Date` of `time` already.
    func authorization(for request: CanonicalRequest, at time: Date) -> String {
        let signature = signature(of: request, at: time)
        return "\(Self.algorithm) Credential=\(credentials.accessKey)/\(scope(at: time)), "
            + "SignedHeaders=\(request.signedHeaders), Signature=\(signature)"
    }

    /// The query of a URL that anybody may GET for a while.
    ///
    /// - Parameters:
    ///   - path: as it is sent, encoded.
    ///   - lifetime: at most seven days.
    func presignedQuery(
        method: String, host: String, path: String, query: [QueryItem], lifetime: Duration, at time: Date
    ) -> String {
        var items =
            query + [
                QueryItem("X-Amz-Algorithm", Self.algorithm),
                QueryItem("X-Amz-Credential", "\(credentials.accessKey)/\(scope(at: time))"),
                QueryItem("X-Amz-Date", AmazonTime.stamp(time)),
                QueryItem("X-Amz-Expires", "\(lifetime.components.seconds)"),
                QueryItem("X-Amz-SignedHeaders", "host"),
            ]
        if let token = credentials.sessionToken { items.append(QueryItem("X-Amz-Security-Token", token)) }
        let request = CanonicalRequest(
            method: method, path: path, query: items, headers: [("host", host)], payloadHash: Self.unsignedPayload)
        return "\(items.canonical)&X-Amz-Signature=\(signature(of: request, at: time))"
    }

    func stringToSign(for request: CanonicalRequest, at time: Date) -> String {
        [Self.algorithm, AmazonTime.stamp(time), scope(at: time), request.hash].joined(separator: "\n")
    }

    private func signature(of request: CanonicalRequest, at time: Date) -> String {
        var key = SymmetricKey(data: Data("AWS4\(credentials.secretKey)".utf8))
        for part in [AmazonTime.day(time), region, service, "aws4_request"] {
            key = SymmetricKey(data: HMAC<SHA256>.authenticationCode(for: Data(part.utf8), using: key))
        }
        return HMAC<SHA256>.authenticationCode(for: Data(stringToSign(for: request, at: time).utf8), using: key).hexadecimal
    }

    private func scope(at time: Date) -> String { "\(AmazonTime.day(time))/\(region)/\(service)/aws4_request" }
}
