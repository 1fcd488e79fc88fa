import CoveJobs
import CoveMetadata
import Foundation
import TestSupport
import Testing

@testable import CoveWebhooks

@Suite("WebhookJob")
struct WebhookJobTests {
    private static func send(_ fixture: WebhookFixture, _ policy: Int64) async throws -> Int64 {
        let ids = try await fixture.metadata.write(in: .jobs) { store in
            guard let policy = try store.webhookPolicy(policy) else { return [Int64]() }
            return try fixture.announcer().send(WebhookFixture.occurrence(), by: policy, .event, in: store)
        }
        return try #require(ids.first)
    }

    @Test("What was sent and answered is in the log, without what is secret")
    func log() async throws {
        let receiver = try await HTTPFake { request in
            HTTPFake.Answer(
                200, [("X-Seen", request.header("Authorization") ?? "nothing"), ("Set-Cookie", "session=42")],
                "thank you for \(request.header("Authorization") ?? "nothing")", String(repeating: "x", count: 10_000))
        }
        let fixture = try await WebhookFixture.make()
        var target = WebhookTarget(.http, address: receiver.url + "/hook", format: .default)
        target.authorization = "Bearer of-secrets"
        target.secret = "between us"
        let policy = try await fixture.webhook([.pushArtifact], target)
        try await fixture.delivering {
            let (execution, job, log) = try await fixture.end(of: Self.send(fixture, policy))
            #expect(execution?.status == .success && job?.attempt == 1 && execution?.trigger == "EVENT")
            #expect(
                log.contains("< 200") && log.contains("thank you for ***") && log.contains("X-Seen: ***") && log.contains("PUSH_ARTIFACT"))
            #expect(!log.contains("of-secrets") && !log.contains("between us") && !log.contains("session=42") && log.utf8.count < 12_000)
        }
        let request = try #require(receiver.requests.first)
        #expect(request.line == "POST /hook" && request.header("Authorization") == "Bearer of-secrets")
        let body = try #require(try await fixture.deliveries(policy).first?.body)
        #expect(request.header("X-Hub-Signature-256") == WebhookRequest.signature(body, "between us"))
        #expect(request.header("X-Cove-Event") == "PUSH_ARTIFACT" && request.header("Content-Type") == "application/json")
    }

    @Test("A receiver that fails is tried again, and no more often than is set", arguments: [(1, JobStatus.success, 2), (9, .error, 3)])
    func retries(failures: Int, status: JobStatus, requests: Int) async throws {
        let asked = Shared(0)
        let receiver = try await HTTPFake { _ in
            asked.change { $0 += 1 }
            return HTTPFake.Answer(asked.value <= failures ? 503 : 200)
        }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact], WebhookTarget(.http, address: receiver.url, format: .default))
        try await fixture.delivering(retries: 2) {
            let (execution, _, _) = try await fixture.end(of: Self.send(fixture, policy))
            #expect(execution?.status == status && (status == .success || execution?.statusMessage.contains("503") == true))
        }
        #expect(receiver.requests.count == requests)
        #expect(Set(receiver.requests.map { $0.header("X-Cove-Delivery") }).count == 1)
    }

    @Test("A redirect is an answer like others: nothing goes where it leads")
    func redirects() async throws {
        let elsewhere = try await HTTPFake { _ in HTTPFake.Answer(200) }
        let there = elsewhere.url
        let receiver = try await HTTPFake { _ in HTTPFake.Answer(307, [("Location", there)]) }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact], WebhookTarget(.http, address: receiver.url, format: .default))
        try await fixture.delivering(retries: 0) {
            let (execution, _, _) = try await fixture.end(of: Self.send(fixture, policy))
            #expect(execution?.status == .error && execution?.statusMessage.contains("307") == true)
        }
        #expect(elsewhere.requests.isEmpty && receiver.requests.count == 1)
    }

    @Test(
        "An address of this machine is not connected to, however it is spelled, and not tried again",
        arguments: ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f.1", "[::ffff:127.0.0.1]", "[0:0:0:0:0:0:0:1]", "0"])
    func guarded(_ host: String) async throws {
        let receiver = try await HTTPFake { _ in HTTPFake.Answer(200) }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook(
            [.pushArtifact], WebhookTarget(.http, address: "http://\(host):\(receiver.port)/", format: .default))
        try await fixture.delivering(allowed: []) {
            let (execution, job, _) = try await fixture.end(of: Self.send(fixture, policy))
            #expect(execution?.status == .error && job?.attempt == 1)
            #expect(execution?.statusMessage.contains("webhooks.allow") == true, "\(execution?.statusMessage ?? "")")
        }
        #expect(receiver.requests.isEmpty)
    }

    @Test("An answer that does not come to its end is given up")
    func slow() async throws {
        let receiver = try await HTTPFake { _ in
            var answer = HTTPFake.Answer(200, [], "late")
            answer.pause = .seconds(20)
            return answer
        }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact], WebhookTarget(.http, address: receiver.url, format: .default))
        try await fixture.delivering(retries: 0, timeout: .milliseconds(200)) {
            let (execution, _, _) = try await fixture.end(of: Self.send(fixture, policy))
            #expect(execution?.status == .error && execution?.statusMessage.contains("no answer within") == true)
        }
    }

    @Test("By hand the same bytes are sent once more, by an execution of its own")
    func again() async throws {
        let receiver = try await HTTPFake { _ in HTTPFake.Answer(200) }
        let fixture = try await WebhookFixture.make()
        var target = WebhookTarget(.http, address: receiver.url, format: .cloudEvents)
        target.secret = "s"
        let policy = try await fixture.webhook([.pushArtifact], target)
        try await fixture.delivering {
            let first = try #require(try await fixture.end(of: Self.send(fixture, policy)).execution)
            let second = try #require(try await fixture.announcer().redeliver(first))
            let (execution, _, _) = try await fixture.end(of: second)
            #expect(second != first.id && execution?.status == .success && execution?.trigger == "MANUAL")
        }
        let signatures = receiver.requests.map { $0.header("X-Hub-Signature-256") }
        #expect(signatures.count == 2 && signatures[0] == signatures[1] && signatures[0] != nil)
    }

    @Test("Each target of a webhook has a delivery of its own")
    func targets() async throws {
        let receiver = try await HTTPFake { _ in HTTPFake.Answer(200) }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook(
            [.pushArtifact], WebhookTarget(.http, address: receiver.url + "/a", format: .default),
            WebhookTarget(.slack, address: receiver.url + "/b"))
        try await fixture.delivering {
            _ = try await Self.send(fixture, policy)
            _ = try await WebhookFixture.wait { receiver.requests.count == 2 }
        }
        #expect(receiver.requests.map(\.path).sorted() == ["/a", "/b"])
    }

    @Test("A webhook that is switched off or gone delivers nothing more")
    func gone() async throws {
        let receiver = try await HTTPFake { _ in HTTPFake.Answer(200) }
        let fixture = try await WebhookFixture.make()
        let policy = try await fixture.webhook([.pushArtifact], WebhookTarget(.http, address: receiver.url, format: .default))
        let execution = try await Self.send(fixture, policy)
        try await fixture.metadata.write { store in
            guard var record = try store.webhookPolicy(policy) else { return }
            record.isEnabled = false
            _ = try store.updateWebhookPolicy(record)
        }
        try await fixture.delivering {
            let ended = try await fixture.end(of: execution).execution
            #expect(ended?.status == .error && ended?.statusMessage.contains("switched off") == true)
        }
        try await fixture.metadata.write { try $0.deleteWebhookPolicy(policy) }
        #expect(try await fixture.metadata.read { try $0.execution(execution) } == nil)
        #expect(receiver.requests.isEmpty)
    }
}
