import Foundation
import NIOHTTP1

/// What went wrong between this server and an S3 service.
enum S3Error: Error, Sendable, Equatable {
    /// The service answered, with an error.
    case refused(Refusal)
    /// No connection, or it broke.
    case unreachable(String)
    /// Not a byte moved for as long as this.
    case stalled(Duration)
    /// The service answered something that makes no sense.
    case invalidAnswer(String)
    /// There is nothing to sign with; the text says where it was looked for.
    case noCredentials(String)
    case cancelled

    /// An answer that is an error. Has nothing of the request in it, so no key and no signature.
    struct Refusal: Sendable, Equatable {
        var status: Int
        /// `NoSuchKey`, `SlowDown`, …; empty when the answer had no body (to HEAD).
        var code = ""
        var message = ""
        /// The region that the service says is the bucket's.
        var region: String?
        /// What time it is for the service.
        var date: Date?
    }

    var refusal: Refusal? {
        if case .refused(let refusal) = self { refusal } else { nil }
    }

    /// Whether the same request may well succeed a moment later.
    var isPassing: Bool {
        switch self {
        case .refused(let refusal): refusal.isPassing
        case .unreachable, .stalled, .invalidAnswer: true
        case .noCredentials, .cancelled: false
        }
    }
}

extension S3Error.Refusal {
    /// Reads the body of an error answer; whatever is missing there comes from the head.
    init(status: Int, headers: HTTPHeaders, body: some Sequence<UInt8>) {
        self.init(status: status)
        region = headers.first(name: "x-amz-bucket-region")
        date = headers.first(name: "date").flatMap(AmazonTime.parse(http:))
        guard let root = try? XMLReader.read(body) else { return }
        // STS wraps its error in an ErrorResponse.
        let error = root["Error"] ?? root
        code = error["Code"]?.text ?? ""
        message = error["Message"]?.text ?? ""
        region = region ?? error["Region"]?.text
    }

    /// Whether it is the object or the multipart upload that is not there. (To HEAD no code is given.)
    var isMissing: Bool { status == 404 && code != "NoSuchBucket" }

    var isPassing: Bool {
        if isFull { return false }
        switch status {
        case 408, 429, 500, 502, 503, 504: return true
        default:
            return ["SlowDown", "RequestTimeout", "InternalError", "ServiceUnavailable", "OperationAborted", "Throttling"].contains(code)
        }
    }

    /// Whether there is no more room.
    var isFull: Bool {
        status == 507 || ["XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded", "InsufficientCapacity"].contains(code)
    }

    /// Whether fresh credentials may help. An answer to HEAD has no body that could say so.
    func mayBeExpired(_ credentials: S3Credentials) -> Bool {
        if ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "RequestExpired"].contains(code) { return true }
        return code.isEmpty && [400, 401, 403].contains(status) && credentials.expiration != nil
    }

    /// Whether the request was refused because this machine's clock and the service's differ: it accepts 15 minutes.
    func isSkewed(from now: Date) -> Bool {
        guard status == 403, let date else { return false }
        return code == "RequestTimeTooSkewed" || code.isEmpty && abs(date.timeIntervalSince(now)) > 10 * 60
    }
}

extension S3Error: CustomStringConvertible {
    var description: String {
        switch self {
        case .refused(let refusal):
            let words = [refusal.code, refusal.message].filter { !$0.isEmpty }.joined(separator: ": ")
            return words.isEmpty ? "status \(refusal.status)" : "\(words) (status \(refusal.status))"
        case .unreachable(let why): return why
        case .stalled(let duration): return "nothing moved for \(duration)"
        case .invalidAnswer(let why): return why
        case .noCredentials(let why): return why
        case .cancelled: return "the request was cancelled"
        }
    }
}
