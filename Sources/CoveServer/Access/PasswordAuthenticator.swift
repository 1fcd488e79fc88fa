import CoveIdentity
import HTTPTypes

/// Users and robots by HTTP's basic authentication.
struct PasswordAuthenticator: Authenticator {
    let accounts: Accounts

    func principal(_ exchange: Exchange) async throws(HarborFailure) -> Principal {
        guard let header = exchange.headers[.authorization], !header.isEmpty else { return .anonymous }
        guard let login = BasicCredentials(authorizationHeader: header) else {
            throw .unauthorized("the Authorization header is not 'Basic' with a user name and a password")
        }
        do {
            return try await accounts.login(login.user, password: login.password)
        } catch {
            throw HarborFailure(login: error)
        }
    }
}

extension HarborFailure {
    /// States why somebody was not let in.
    init(login error: any Error) {
        switch error {
        case LoginRefusal.wrong:
            self = .unauthorized("the user name or the password is wrong, or the account is locked for a while after wrong ones")
        case LoginRefusal.overloaded:
            self.init(.tooManyRequests, "TOO_MANY_REQUESTS", "too many logins are being verified; try again in a moment")
            headers[.retryAfter] = "2"
        default: self.init(error)
        }
    }
}
