import CoveIdentity
import HTTPTypes
import HummingbirdCore

/// What administrators ask an identity provider before people log in by it.
struct OidcGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.pingOIDC: ping] }

    private func ping(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        guard case .object(let fields) = try HarborBody.value(try await call.bytes()) else {
            throw HarborFailure.badRequest("the body is not a JSON object")
        }
        guard let url = fields["url"]?.string, !url.isEmpty else { throw HarborFailure.badRequest("'url' is required: the issuer's URL") }
        try SettingRule.of(.oidcEndpoint).check(.text(url), of: .oidcEndpoint)
        let verifies: Bool
        switch fields["verify_cert"] ?? .null {
        case .null: verifies = true
        case .boolean(let flag): verifies = flag
        default: throw HarborFailure.badRequest("'verify_cert' must be true or false")
        }
        do throws(OIDCError) {
            try await platform.oidc.client.ping(url, verifiesCertificate: verifies)
        } catch {
            throw HarborFailure.badRequest("url: \(error)")
        }
        return .empty(.ok)
    }
}
