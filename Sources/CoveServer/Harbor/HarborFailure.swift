import CoveIdentity
import CoveMetadata
import CoveRegistry
import HTTPTypes
import HummingbirdCore

/// A refusal in Harbor's terms: a status and `{"errors":[{"code","message"}]}`.
struct HarborFailure: Error {
    let status: HTTPResponse.Status
    let code: String
    /// What was wrong and what to do about it.
    let message: String
    var headers = HTTPFields()
    /// What failed inside: for the log, not for the client.
    var cause: String?

    init(_ status: HTTPResponse.Status, _ code: String, _ message: String) {
        self.status = status
        self.code = code
        self.message = message
    }

    var response: Response {
        .json(Harbor.Errors(errors: [Harbor.Error(code: code, message: message)]), status: status, headers: headers)
    }
}

extension HarborFailure {
    static func badRequest(_ message: String) -> HarborFailure { HarborFailure(.badRequest, "BAD_REQUEST", message) }
    static func unauthorized(_ message: String = "authentication is required; log in") -> HarborFailure {
        var failure = HarborFailure(.unauthorized, "UNAUTHORIZED", message)
        failure.headers[.wwwAuthenticate] = "Basic realm=\"harbor\""
        return failure
    }
    static func forbidden(_ message: String) -> HarborFailure { HarborFailure(.forbidden, "FORBIDDEN", message) }
    static func notFound(_ message: String) -> HarborFailure { HarborFailure(.notFound, "NOT_FOUND", message) }
    static func conflict(_ message: String) -> HarborFailure { HarborFailure(.conflict, "CONFLICT", message) }
    static func precondition(_ message: String) -> HarborFailure { HarborFailure(.preconditionFailed, "PRECONDITION", message) }

    /// States whatever a handler threw in Harbor's terms.
    init(_ error: any Error) {
        switch error {
        case let failure as HarborFailure: self = failure
        case let error as ListQueryError: self = .badRequest(error.description)
        case let error as LDAPError:
            switch error {
            case .misconfigured(let reason): self = .badRequest(reason)
            case .overloaded: self.init(.tooManyRequests, "TOO_MANY_REQUESTS", error.description)
            case .unreachable, .invalidCredentials, .refused:
                self.init(.serviceUnavailable, "SERVICE_UNAVAILABLE", error.description)
                cause = error.description
            }
        case let error as OIDCError:
            switch error {
            case .misconfigured(let reason): self = .badRequest(reason)
            case .refused, .unknownLogin: self.init(.unauthorized, "UNAUTHORIZED", error.description)
            case .provider:
                self.init(.badGateway, "BAD_GATEWAY", error.description)
                cause = error.description
            }
        case let refusal as SettingRefusal:
            self = refusal.kind == .value ? .badRequest(refusal.description) : .forbidden(refusal.description)
        case let error as RegistryError:
            let failure = OCIFailure(error)
            let code: String =
                switch failure.status {
                case .notFound: "NOT_FOUND"
                case .forbidden: "DENIED"
                case .conflict: "CONFLICT"
                case .preconditionFailed: "PRECONDITION"
                case .methodNotAllowed: "METHOD_NOT_ALLOWED"
                case .serviceUnavailable: "SERVICE_UNAVAILABLE"
                case .internalServerError: "INTERNAL_ERROR"
                default: "BAD_REQUEST"
                }
            self.init(failure.status, code, failure.message)
            headers = failure.headers
            cause = failure.cause
        case let error as MetadataError:
            self.init(.serviceUnavailable, "SERVICE_UNAVAILABLE", "the metadata store does not answer; try again")
            cause = "\(error)"
        default:
            self.init(.internalServerError, "INTERNAL_ERROR", "something went wrong inside; the log has the request's id and the cause")
            cause = "\(error)"
        }
    }
}
