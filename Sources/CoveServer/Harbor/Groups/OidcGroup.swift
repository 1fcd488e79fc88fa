import CoveIdentity
import HTTPTypes
import HummingbirdCore

/// What administrators ask an identity provider before people log in by it.
struct OidcGroup: HarborGroup {
    let platform: Platform

    var handlers: [HarborOperation: HarborHandler] { [.pingOIDC: ping] }

    private func ping(_ call: HarborCall) async throws -> Response {
        try call.requireAdministrator()
        let fields = try HarborBody.fields(
            try await call.bytes(), of: [HarborField("url", .string), HarborField("verify_cert", .boolean)])
        guard let url = fields["url"]?.string, !url.isEmpty else { throw HarborFailure.badRequest("'url' is required: the issuer's URL") }
        try SettingRule.of(.oidcEndpoint).check(.text(url), of: .oidcEndpoint)
        let verifies = fields["verify_cert"] != .boolean(false)
        do throws(OIDCError) {
            try await platform.oidc.client.ping(url, verifiesCertificate: verifies)
        } catch {
            throw HarborFailure.badRequest("url: \(error)")
        }
        return .empty(.ok)
    }
}
