import CoveMetadata
import CoveWebhooks
import Foundation

/// Turns webhook policies of Harbor's API into what is kept.
struct WebhookRules {
    private static let mostTargets = 5
    private static let longestAddress = 2000

    let addresses: AddressGuard

    /// - Parameter known: what is not sent stays as it is there.
    /// - Throws: ``HarborFailure`` that names the field.
    func policy(
        _ sent: Harbor.WebhookPolicy, over known: WebhookPolicyRecord?, inProject id: Int64
    ) throws(HarborFailure) -> WebhookPolicyRecord {
        var policy = known ?? WebhookPolicyRecord(projectID: id, name: "", eventTypes: [], targets: [])
        if let other = sent.projectId, other != 0, other != id {
            throw .badRequest("'project_id' is \(other); the webhook is the project's with the id \(id)")
        }
        policy.name = sent.name ?? policy.name
        guard !policy.name.trimmingCharacters(in: .whitespaces).isEmpty, policy.name.count <= 255 else {
            throw .badRequest("'name' must have 1 to 255 characters")
        }
        policy.description = sent.description ?? policy.description
        guard policy.description.count <= 1024 else { throw .badRequest("'description' must have at most 1024 characters") }
        // As in Harbor, one that does not say is switched off.
        policy.isEnabled = sent.enabled ?? known?.isEnabled ?? false
        if let types = sent.eventTypes { policy.eventTypes = try Self.types(types) }
        guard !policy.eventTypes.isEmpty else {
            throw .badRequest("'event_types' is required: one or more of \(Self.names)")
        }
        if let targets = sent.targets { policy.targets = try self.targets(targets, over: policy.targets) }
        guard !policy.targets.isEmpty else { throw .badRequest("'targets' is required: where to send to") }
        return policy
    }

    private static let names = WebhookEventType.allCases.map(\.rawValue).joined(separator: ", ")

    private static func types(_ sent: [String]) throws(HarborFailure) -> [String] {
        var types: [String] = []
        for (index, text) in sent.enumerated() {
            guard let type = WebhookEventType(rawValue: text) else {
                throw .badRequest("'event_types[\(index)]' is '\(text.prefix(60))'; it must be one of \(names)")
            }
            if !types.contains(type.rawValue) { types.append(type.rawValue) }
        }
        return types
    }

    private func targets(_ sent: [Harbor.WebhookTargetObject], over known: [WebhookTarget]) throws(HarborFailure) -> [WebhookTarget] {
        guard sent.count <= Self.mostTargets else {
            throw .badRequest("'targets' has \(sent.count) entries; at most \(Self.mostTargets) are allowed")
        }
        var targets: [WebhookTarget] = []
        for (index, one) in sent.enumerated() {
            targets.append(try target(one, over: known.indices.contains(index) ? known[index] : nil, "targets[\(index)]"))
        }
        return targets
    }

    private func target(
        _ sent: Harbor.WebhookTargetObject, over known: WebhookTarget?, _ path: String
    ) throws(HarborFailure) -> WebhookTarget {
        guard let kind = WebhookTarget.Kind(rawValue: sent.type ?? "") else {
            let kinds = WebhookTarget.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw .badRequest("'\(path).type' is '\((sent.type ?? "").prefix(60))'; it must be one of \(kinds)")
        }
        var target = WebhookTarget(kind, address: try address(sent.address ?? "", "\(path).address"))
        let format = sent.payloadFormat ?? ""
        switch kind {
        case .slack:
            guard format.isEmpty else { throw .badRequest("'\(path).payload_format' must be left out: Slack has a form of its own") }
        case .http:
            guard let known = WebhookTarget.Format(rawValue: format.isEmpty ? "Default" : format) else {
                let formats = WebhookTarget.Format.allCases.map(\.rawValue).joined(separator: ", ")
                throw .badRequest("'\(path).payload_format' is '\(format.prefix(60))'; it must be one of \(formats)")
            }
            target.format = known
        }
        target.authorization = try header(sent.authHeader, "\(path).auth_header")
        target.secret = sent.secret.map { $0.isEmpty ? nil : $0 } ?? known?.secret
        target.skipsVerification = sent.skipCertVerify ?? false
        return target
    }

    private func header(_ text: String?, _ path: String) throws(HarborFailure) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count <= 4096, text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else {
            throw .badRequest("'\(path)' must be the value of a header: at most 4096 characters of printable ASCII")
        }
        return text
    }

    private func address(_ text: String, _ path: String) throws(HarborFailure) -> String {
        guard text.utf8.count <= Self.longestAddress else {
            throw .badRequest("'\(path)' has \(text.utf8.count) bytes; at most \(Self.longestAddress) are allowed")
        }
        let spelled = text.contains("://") ? text : "http://" + text
        guard let parts = URLComponents(string: spelled), let host = parts.host, !host.isEmpty,
            text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
        else { throw .badRequest("'\(path)' is '\(text.prefix(100))'; it must be a URL such as https://ci.example.org/hook") }
        guard let scheme = parts.scheme?.lowercased(), ["http", "https"].contains(scheme) else {
            throw .badRequest("'\(path)' must begin with http:// or https://")
        }
        guard parts.user == nil, parts.password == nil else {
            throw .badRequest("'\(path)' has a user in it; send a password in 'auth_header'")
        }
        if let port = parts.port, !(1...65535).contains(port) { throw .badRequest("'\(path)': \(port) is not a port") }
        let port = parts.port ?? (scheme == "https" ? 443 : 80)
        guard !addresses.refuses(literal: host.trimmingCharacters(in: ["[", "]"]), port: port) else {
            throw .badRequest(
                "'\(path)' leads to \(host), an address of this machine or of a private network; whoever runs the server can allow it in "
                    + "'webhooks.allow'")
        }
        return spelled
    }
}
