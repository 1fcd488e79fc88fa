import Foundation

/// Keys to sign with. Whatever prints one shows the access key's name and nothing that opens anything.
struct S3Credentials: Sendable, Equatable {
    let accessKey: String
    let secretKey: String
    /// Set for temporary ones.
    let sessionToken: String?
    /// When they stop being accepted; nil when they last.
    let expiration: Date?

    init(accessKey: String, secretKey: String, sessionToken: String? = nil, expiration: Date? = nil) {
        self.accessKey = accessKey
        self.secretKey = secretKey
        self.sessionToken = sessionToken
        self.expiration = expiration
    }
}

extension S3Credentials: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    var description: String { "credentials of \(accessKey)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: ["accessKey": accessKey]) }
}
