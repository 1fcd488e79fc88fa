import CoveBlobs
import CoveMetadata
import CoveRegistry
import CoveTelemetry
import Foundation
import HTTPTypes
import HummingbirdCore
import NIOCore
import TestSupport
import Testing

@testable import CoveServer

@Suite("The debug address")
struct OperationsTests {
    private static func responder(
        _ checks: [HealthCheck] = [], metrics: MetricPage? = MetricPage(sources: [ProcessMetrics()])
    ) async throws -> OperationsResponder {
        let readiness = Readiness(
            registry: try await Requests.registry(), options: .init(), checks: HealthChecks(checks, logger: Requests.logger),
            logger: Requests.logger)
        return OperationsResponder(
            health: HealthResponder(readiness: readiness), metrics: metrics, metricsPath: "/prom",
            variables: ["redis": { ["Active": 3] }])
    }

    private static func ask(
        _ responder: OperationsResponder, _ path: String, _ method: HTTPRequest.Method = .get, headers: HTTPFields = [:]
    ) async throws -> Answer {
        let response: Response
        do throws(OCIFailure) {
            response = try await responder.answer(Requests.exchange(method, path, headers: headers))
        } catch {
            response = error.response
        }
        return try await Answer(response)
    }

    @Test("health is Distribution's: nothing when all is well, else what is wrong")
    func health() async throws {
        let check = HealthCheck(name: "/run/x", interval: .seconds(9), threshold: 1, isImmediate: true) { "file exists" }
        let responder = try await Self.responder([check])
        let well = try await Self.ask(responder, "/debug/health")
        #expect(well.status == 200 && well.body == "{}")
        await responder.health.readiness.checks.look(at: check)
        let ill = try await Self.ask(responder, "/debug/health")
        #expect(ill.status == 503 && ill.body == #"{"/run/x":"file exists"}"#)
        #expect(try await Self.ask(responder, "/readyz").status == 503)
        #expect(try await Self.ask(responder, "/healthz").status == 200)
    }

    @Test("metrics are where the configuration says, in the form that is asked for")
    func metrics() async throws {
        let responder = try await Self.responder()
        let plain = try await Self.ask(responder, "/prom")
        #expect(plain.status == 200)
        #expect(plain.headers[.contentType] == "text/plain; version=0.0.4; charset=utf-8")
        #expect(plain.body.contains("cove_build_info{version=\"\(Version.current)\"} 1\n"))
        let open = try await Self.ask(responder, "/prom", headers: [.accept: "application/openmetrics-text; version=1.0.0"])
        #expect(open.body.hasSuffix("# EOF\n"))
        #expect(try await Self.ask(responder, "/metrics").status == 404)
        #expect(try await Self.ask(try await Self.responder(metrics: nil), "/prom").status == 404)
    }

    @Test("variables are JSON, a part of the server's under its name")
    func variables() async throws {
        let answer = try await Self.ask(try await Self.responder(), "/debug/vars")
        let object = try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
        #expect((object["registry"] as? [String: [String: Int]]) == ["redis": ["Active": 3]])
        #expect((object["cmdline"] as? [String])?.isEmpty == false)
    }

    @Test("nothing else is there, and nothing is changed")
    func others() async throws {
        let responder = try await Self.responder()
        #expect(try await Self.ask(responder, "/debug/pprof/heap").error?.message.contains("profiles") == true)
        #expect(try await Self.ask(responder, "/v2/").status == 404)
        #expect(try await Self.ask(responder, "/debug/health", .post).status == 405)
        #expect(try await Self.ask(responder, "/").body.contains("/prom\n"))
    }
}

@Suite("Metrics: sources")
struct MetricSourceTests {
    private static func lines(_ source: any MetricSource) async -> [Substring] {
        var text = MetricText(.prometheus)
        await source.write(to: &text)
        return text.finished().split(separator: "\n")
    }

    @Test("requests are counted by endpoint, method and status, whatever a client sends")
    func requests() async throws {
        let metrics = HTTPMetrics()
        func end(_ method: HTTPRequest.Method, _ path: String, _ status: HTTPResponse.Status, bytes: Int, isAborted: Bool = false) {
            var exchange = Requests.exchange(method, path)
            exchange.route = OCIRoute(path: exchange.path.dropFirst(3))
            metrics.begin(exchange.handler)
            metrics.end(exchange, status, bytes: bytes, started: .now, isAborted: isAborted)
        }
        end(.get, "/v2/", .ok, bytes: 2)
        end(.get, "/v2/", .ok, bytes: 2)
        end(.put, "/v2/a/b/manifests/v1", .created, bytes: 0)
        end(.get, "/v2/a/blobs/sha256:ab", .ok, bytes: 5000, isAborted: true)
        let strange = try #require(HTTPRequest.Method("BREW"))
        end(strange, "/v2/a/referrers/sha256:ab", .init(code: 418), bytes: 0)
        metrics.begin(.tags)
        let lines = await Self.lines(metrics)
        for line in [
            #"registry_http_requests_total{code="200",handler="base",method="get"} 2"#,
            #"registry_http_requests_total{code="201",handler="manifest",method="put"} 1"#,
            #"registry_http_requests_total{code="other",handler="referrers",method="unknown"} 1"#,
            #"registry_http_request_duration_seconds_count{handler="base",method="get"} 2"#,
            #"registry_http_response_size_bytes_sum{handler="base"} 4"#,
            #"registry_http_response_size_bytes_bucket{handler="blob",le="4096"} 0"#,
            #"registry_http_response_size_bytes_bucket{handler="blob",le="8192"} 1"#,
            #"registry_http_in_flight_requests{handler="tags"} 1"#, #"registry_http_in_flight_requests{handler="base"} 0"#,
            #"cove_http_requests_aborted_total{handler="blob"} 1"#,
        ] { #expect(lines.contains(line[...]), "\(line)") }
        #expect(lines.count { $0.hasPrefix("registry_http_requests_total{") } == 4)
    }

    @Test("caches, uploads and upkeep tell what they did")
    func registry() async throws {
        let storage = MeasuredStorage(MemoryStorage())
        let metadata = try await MetadataStore.open(SQLiteEngine(.memory))
        let registry = Registry(metadata: metadata, storage: storage, options: .init(), logger: Requests.logger)
        let responder = OCIResponder(registry: registry, options: .init())
        let digest = "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
        for (method, path) in [
            (HTTPRequest.Method.post, "/v2/a/blobs/uploads/?digest=\(digest)"), (.get, "/v2/a/blobs/\(digest)"),
            (.get, "/v2/a/blobs/\(digest)"), (.get, "/v2/a/manifests/none"),
        ] {
            let exchange = Requests.exchange(
                method, path, headers: method == .post ? [.contentLength: "5"] : [:],
                body: .init(string: method == .post ? "hello" : ""))
            do throws(OCIFailure) {
                let path = exchange.path.dropFirst(3)
                _ = try await responder.respond(exchange, to: OCIRoute(path: path), path: path)
            } catch {
                #expect(error.status == .notFound)
            }
        }
        let inventory = InventoryMetrics(metadata: metadata, directory: NSTemporaryDirectory(), logger: Requests.logger)
        await inventory.count()
        let store = StoreMetrics(metadata: metadata, storage: storage.statistics, driver: "inmemory", s3: nil)
        var lines = await Self.lines(RegistryMetrics(registry: registry))
        lines += await Self.lines(store)
        lines += await Self.lines(inventory)
        for line in [
            #"registry_storage_cache_total{type="Request"} 2"#, #"registry_storage_cache_total{type="Hit"} 1"#,
            #"registry_storage_cache_total{type="Miss"} 1"#, "registry_storage_cache_requests_total 2",
            "registry_storage_cache_hits_total 1",
            #"cove_cache_requests_total{cache="small_blob",result="hit"} 1"#,
            #"cove_cache_requests_total{cache="manifest",result="miss"} 1"#,
            #"registry_storage_action_seconds_count{driver="inmemory",action="Move"} 1"#,
            #"registry_storage_action_seconds_count{driver="inmemory",action="Reader"} 1"#,
            #"cove_storage_errors_total{driver="inmemory",action="Move"} 0"#, "cove_storage_bytes 5", "cove_storage_blobs 1",
            "cove_repositories 1",
        ] { #expect(lines.contains(line[...]), "\(line)") }
        #expect(lines.contains { $0.hasPrefix("cove_storage_filesystem_available_bytes ") })
    }

    @Test("the process's numbers are those of this process")
    func process() throws {
        #if os(Linux)
            let reading = try #require(ProcessMetrics.read())
            #expect(reading.resident > 1_000_000 && reading.resident < reading.virtual)
            #expect(reading.files > 2 && reading.files <= reading.mostFiles)
            #expect(reading.cpu > 0)
            #expect(reading.start < Date().timeIntervalSince1970 && reading.start > Date().timeIntervalSince1970 - 24 * 3600)
        #endif
    }

    @Test("every metric has a name of its own and a sentence, and the documentation has them all")
    func reference() throws {
        let metrics = MetricPage.kinds.flatMap { $0.metrics }
        #expect(Set(metrics.map(\.name)).count == metrics.count)
        for metric in metrics {
            #expect(metric.help.hasSuffix("."), "\(metric.name)")
            #expect(metric.name.wholeMatch(of: /(cove|registry|process)_[a-z0-9_]+/) != nil, "\(metric.name)")
            let isNamedCounter = metric.name.hasSuffix("_total") && metric.name != NotificationMetrics.pending.name
            #expect((metric.kind == .counter) == isNamedCounter, "\(metric.name)")
        }
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(contentsOf: root.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        #expect(page.contains(MetricPage.reference()), "put what `cove config metrics` prints into docs/operations.md")
    }
}
