import Foundation

/// The sources of credentials in the order of AWS's own tools: the first that is set up is used, and if it then fails, that
/// is an error: falling through to another identity would be a surprise.
struct CredentialChain: CredentialSource {
    private let sources: [any CredentialSource]

    init(options: S3Options, environment: [String: String], transport: HTTPTransport) {
        sources = [
            FixedCredentials(options),
            EnvironmentCredentials(environment: environment),
            SharedCredentialFiles(environment: environment, region: options.region, transport: transport),
            WebIdentityCredentials(environment: environment, region: options.region, transport: transport),
            ContainerCredentials(environment: environment, transport: transport),
            InstanceCredentials(environment: environment, transport: transport),
        ]
    }

    func load() async throws(S3Error) -> S3Credentials? {
        for source in sources {
            if let credentials = try await source.load() { return credentials }
        }
        throw .noCredentials(
            "there are no credentials: set storage.s3.accesskey and storage.s3.secretkey, or AWS_ACCESS_KEY_ID and "
                + "AWS_SECRET_ACCESS_KEY, or provide a credentials file, a web identity, or an instance role")
    }
}

/// `storage.s3.accesskey`, `secretkey` and `sessiontoken`.
struct FixedCredentials: CredentialSource {
    private let credentials: S3Credentials?
    private let isHalf: Bool

    init(_ options: S3Options) {
        let (key, secret) = (options.accessKey ?? "", options.secretKey ?? "")
        isHalf = key.isEmpty != secret.isEmpty
        let token = options.sessionToken.flatMap { $0.isEmpty ? nil : $0 }
        credentials = key.isEmpty ? nil : S3Credentials(accessKey: key, secretKey: secret, sessionToken: token)
    }

    func load() async throws(S3Error) -> S3Credentials? {
        guard !isHalf else { throw .noCredentials("of storage.s3.accesskey and storage.s3.secretkey only one is set; set both or none") }
        return credentials
    }
}

/// `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and `AWS_SESSION_TOKEN`.
struct EnvironmentCredentials: CredentialSource {
    let environment: [String: String]

    func load() async throws(S3Error) -> S3Credentials? {
        guard let key = environment.value("AWS_ACCESS_KEY_ID"), let secret = environment.value("AWS_SECRET_ACCESS_KEY") else {
            return nil
        }
        return S3Credentials(accessKey: key, secretKey: secret, sessionToken: environment.value("AWS_SESSION_TOKEN"))
    }
}

extension [String: String] {
    /// A variable that is set and not empty.
    func value(_ name: String) -> String? { self[name].flatMap { $0.isEmpty ? nil : $0 } }
}
