import Foundation
import NIOCore

/// Temporary credentials as the endpoints of containers and of instances write them.
struct MetadataAnswer: Decodable {
    let accessKey: String
    let secretKey: String
    let token: String
    let expiration: String?

    private enum CodingKeys: String, CodingKey {
        case accessKey = "AccessKeyId"
        case secretKey = "SecretAccessKey"
        case token = "Token"
        case expiration = "Expiration"
    }

    /// - Parameter source: where the answer is from, for the error.
    static func credentials(in answer: HTTPTransport.Answer, from source: String) throws(S3Error) -> S3Credentials {
        guard answer.status == 200 else {
            let why = "\(source) answers with status \(answer.status)"
            if answer.status >= 500 || answer.status == 429 { throw .unreachable(why) }
            throw .noCredentials(why)
        }
        guard let found = try? JSONDecoder().decode(Self.self, from: Data(answer.body.readableBytesView)) else {
            throw .noCredentials("\(source) answers with something that is no credentials")
        }
        return S3Credentials(
            accessKey: found.accessKey, secretKey: found.secretKey, sessionToken: found.token,
            expiration: found.expiration.flatMap(AmazonTime.parse(iso:)))
    }
}
