import ArgumentParser
import CoveCommands

/// Where a webhook sends what.
struct WebhookTarget: ParsableArguments {
    enum Kind: String, ExpressibleByArgument, CaseIterable {
        case http, slack
    }

    enum Format: String, ExpressibleByArgument, CaseIterable {
        case `default` = "Default"
        case cloudEvents = "CloudEvents"
    }

    @Option(help: "The URL to post to.")
    var url: String?

    @Option(help: "Events, separated by commas, such as PUSH_ARTIFACT; cove webhook events lists them.")
    var events: [String] = []

    @Option(help: "Who is there.")
    var type: Kind?

    @Option(help: "The form of what is posted: Default or CloudEvents.")
    var format: Format?

    @Option(help: "The Authorization header that is sent. Others on this machine can read it in the arguments: see --auth-header-stdin.")
    var authHeader: String?

    @Flag(help: "Read the Authorization header from standard input.")
    var authHeaderStdin = false

    @Flag(help: "Read what deliveries are signed with (HMAC-SHA256) from standard input; an empty line takes it away.")
    var secretStdin = false

    @Flag(help: "Accept any certificate of the receiver.")
    var skipCertVerify = false

    @Option(help: "What it is for.")
    var description: String?

    /// A policy with what the options say in the place of what it had.
    func applied(to policy: [String: JSONValue]) -> JSONValue {
        var policy = policy
        var target = policy["targets"]?.items.first?.fields ?? ["type": "http", "payload_format": "Default", "skip_cert_verify": false]
        if let url { target["address"] = .string(url) }
        if let type { target["type"] = .string(type.rawValue) }
        // Slack has a form of its own.
        if type == .slack { target["payload_format"] = nil }
        if let format { target["payload_format"] = .string(format.rawValue) }
        if let header = authHeaderStdin ? readLine(strippingNewline: true) : authHeader { target["auth_header"] = .string(header) }
        if secretStdin { target["secret"] = .string(readLine(strippingNewline: true) ?? "") }
        if skipCertVerify { target["skip_cert_verify"] = true }
        policy["targets"] = .array([.object(target)])
        let names = events.flatMap { $0.split(separator: ",") }.map { JSONValue.string(String($0)) }
        if !names.isEmpty { policy["event_types"] = .array(names) }
        if let description { policy["description"] = .string(description) }
        return .object(policy)
    }
}
