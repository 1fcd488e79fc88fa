import CoveMetadata
import Foundation
import Testing

@testable import CoveWebhooks

@Suite("What webhooks send")
struct WebhookPayloadTests {
    private static let policy = {
        var policy = WebhookPolicyRecord(projectID: 7, name: "ci", eventTypes: ["PUSH_ARTIFACT"], targets: [])
        policy.id = 42
        return policy
    }()

    private static func parsed(_ body: String) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(body.utf8)) as? [String: Any])
    }

    @Test("Harbor's form has when in seconds, who, and what")
    func plain() throws {
        let payload = try WebhookPayload(
            WebhookFixture.occurrence(), to: WebhookTarget(.http, address: "http://x", format: .default), of: Self.policy)
        #expect(payload.contentType == "application/json")
        #expect(
            payload.body == """
                {"event_data":{"resources":[{"digest":"sha256:abc","resource_url":"registry.example.org/team/app:1.0","tag":"1.0"}]},\
                "occur_at":1700000000,"operator":"ann","type":"PUSH_ARTIFACT"}
                """)
    }

    @Test(
        "A CloudEvent has the attributes that version 1.0 requires, and Harbor's type for each event",
        arguments: zip(
            WebhookEventType.allCases,
            [
                "harbor.artifact.pushed", "harbor.artifact.pulled", "harbor.artifact.deleted", "harbor.quota.exceeded",
                "harbor.quota.warned", "harbor.replication.status.changed", "harbor.scan.failed", "harbor.scan.completed",
                "harbor.scan.stopped", "harbor.tag_retention.finished",
            ]))
    func cloudEvent(_ type: WebhookEventType, _ name: String) throws {
        let payload = try WebhookPayload(
            WebhookFixture.occurrence(type), to: WebhookTarget(.http, address: "http://x", format: .cloudEvents), of: Self.policy)
        #expect(payload.contentType == "application/cloudevents+json")
        let event = try Self.parsed(payload.body)
        #expect(event["specversion"] as? String == "1.0" && event["type"] as? String == name)
        #expect(event["source"] as? String == "/projects/7/webhook/policies/42")
        #expect(event["time"] as? String == "2023-11-14T22:13:20Z" && event["datacontenttype"] as? String == "application/json")
        #expect(event["operator"] as? String == "ann" && event["requestid"] as? String == "request-1")
        #expect(UUID(uuidString: event["id"] as? String ?? "") != nil)
        #expect((event["data"] as? [String: Any])?["resources"] != nil)
    }

    @Test("A message for Slack says what happened, and whoever names things cannot write markup into it")
    func slack() throws {
        let payload = try WebhookPayload(
            WebhookFixture.occurrence(tag: "<!channel>&```"), to: WebhookTarget(.slack, address: "http://x"), of: Self.policy)
        let message = try Self.parsed(payload.body)
        let blocks = try #require(message["blocks"] as? [[String: Any]])
        #expect(blocks.map { $0["type"] as? String } == ["header", "section", "section"])
        let fields = try #require(blocks[1]["fields"] as? [[String: String]]).compactMap { $0["text"] }
        #expect(fields.contains("*event_type*\nPUSH_ARTIFACT") && fields.contains("*operator*\nann"))
        #expect(!fields.joined().contains("<") && fields.joined().contains("&lt;!channel&gt;&amp;"))
        #expect(!(message["text"] as? String ?? "<").contains("<"))
        let code = try #require((blocks[2]["text"] as? [String: String])?["text"])
        #expect(code.components(separatedBy: "```").count == 3 && code.count <= 3000)
    }

    @Test("A body is signed as RFC 4231 has it, and what is secret is not shown")
    func signature() throws {
        #expect(
            WebhookRequest.signature("what do ya want for nothing?", "Jefe")
                == "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
        var target = WebhookTarget(.http, address: "http://example.org/hook?a=b", format: .default)
        target.authorization = "Bearer abc"
        target.secret = "Jefe"
        let parameters = WebhookJob.Parameters(
            policy: 1, target: 0, eventType: "PUSH_ARTIFACT", contentType: "application/json", body: "{}")
        let request = try WebhookRequest(parameters, to: target, id: 9, userAgent: "cove/1")
        let headers = Dictionary(uniqueKeysWithValues: request.headers.map { ($0.name, $0.value) })
        #expect(headers["Authorization"] == "Bearer abc" && headers["X-Cove-Delivery"] == "9" && headers["X-Cove-Event"] == "PUSH_ARTIFACT")
        #expect(headers["X-Hub-Signature-256"] == WebhookRequest.signature("{}", "Jefe"))
        let shown = request.shownHeaders.map { "\($0.name): \($0.value)" }.joined(separator: "\n")
        #expect(!shown.contains("abc") && !shown.contains("sha256=") && shown.contains("Authorization: ***"))
        let echo = WebhookJob.masked(
            #"you sent "Bearer abc" or abc, signed \#(WebhookRequest.signature("{}", "Jefe"))"#, request.secrets(of: target))
        #expect(echo == #"you sent "***" or ***, signed ***"#)
    }
}
