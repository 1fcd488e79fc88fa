import CoveIdentity
import CoveOCI
import HTTPTypes

/// Users with passwords in a file (`auth.htpasswd`). Each may do everything.
struct PasswordAccess: AccessController {
    let realm: String
    let passwords: HTPasswd

    func authorize(_ exchange: Exchange, for required: RequiredAccess) async throws(OCIFailure) -> Grant {
        if let header = exchange.headers[.authorization], let login = BasicCredentials(authorizationHeader: header) {
            if passwords.cachedVerdict(user: login.user, password: login.password) == true { return Grant(user: login.user) }
            switch await passwords.verdict(user: login.user, password: login.password) {
            case .accepted: return Grant(user: login.user)
            case .rejected: break
            case .overloaded:
                throw OCIFailure(
                    status: .tooManyRequests, code: .tooManyRequests,
                    message: "too many logins are being verified; try again in a moment",
                    headers: [.retryAfter: "2"])
            }
        }
        throw OCIFailure(
            status: .unauthorized, code: .unauthorized,
            message: "authentication is required; log in with a user name and password of this registry",
            headers: [.wwwAuthenticate: "Basic realm=\"\(realm)\""])
    }
}
