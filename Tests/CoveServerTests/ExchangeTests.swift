import CoveMetadata
import HTTPTypes
import NIOCore
import Testing

@testable import CoveServer

@Suite("Exchange")
struct ExchangeTests {
    @Test(
        "path and query are what stands before and after the first question mark",
        arguments: [("/v2/?a=1", "/v2/", "a=1"), ("/v2/", "/v2/", ""), ("/?", "/", ""), ("/a?b?c", "/a", "b?c"), ("?x", "", "x")])
    func target(target: String, path: String, query: String) {
        let exchange = Requests.exchange(.get, target)
        #expect(exchange.path == path)
        #expect(exchange.query == query)
    }

    @Test("parameters are decoded, and all values of a name come in order")
    func parameters() {
        let exchange = Requests.exchange(.get, "/?tag=a&n=1&tag=b%26c&%74ag=d+e&empty=&flag&tag=&x=a=b")
        #expect(exchange.parameters("tag") == ["a", "b&c", "d e", ""])
        #expect(exchange.parameter("n") == "1")
        #expect(exchange.parameter("empty") == "")
        #expect(exchange.parameter("flag") == "")
        #expect(exchange.parameter("x") == "a=b")
        #expect(exchange.parameter("absent") == nil)
        #expect(Requests.exchange(.get, "/").parameters("tag") == [])
    }

    @Test("a NUL in a parameter cuts nothing that matters, and never makes two values equal")
    func nul() {
        let exchange = Requests.exchange(.get, "/?last=a%00b&n=1%00")
        #expect(exchange.parameter("last") == "a\u{FFFD}")
        #expect(exchange.parameter("n") == "1\u{FFFD}")
    }

    @Test("a client's address is the first that a proxy names")
    func address() {
        #expect(Requests.exchange(headers: [.forwardedFor: "10.0.0.1, 10.0.0.2"]).clientAddress == "10.0.0.1")
        #expect(Requests.exchange(headers: [.realIP: "10.0.0.3"]).clientAddress == "10.0.0.3")
        #expect(Requests.exchange(headers: [.forwardedFor: String(repeating: "1", count: 500)]).clientAddress?.count == 64)
    }

    @Test("a client that waits for 100 Continue is known", arguments: [("100-continue", true), ("100-Continue", true), ("x", false)])
    func expect(value: String, isWaiting: Bool) {
        #expect(Requests.exchange(headers: [.expect: value]).isAwaitingContinue == isWaiting)
        #expect(!Requests.exchange().isAwaitingContinue)
    }

    @Test("a body is collected up to its limit, and not beyond")
    func collect() async throws {
        let body = ByteBuffer(string: "12345")
        #expect(try await Requests.exchange(.put, body: body).body.collect(upTo: 5) == body)
        #expect(try await Requests.exchange(.put, body: body).body.collect(upTo: 4) == nil)
        #expect(try await Requests.exchange(.put).body.collect(upTo: 0) == ByteBuffer())
    }

    @Test("an event's origin says who asked and by which request")
    func origin() {
        var exchange = Requests.exchange(headers: [.requestID: "id-1", .userAgent: String(repeating: "u", count: 999), .realIP: "::1"])
        exchange.grant.user = "ann"
        #expect(exchange.origin.actor == "ann")
        #expect(exchange.origin.requestID == "id-1")
        #expect(exchange.origin.host == "localhost:5000" && exchange.origin.method == "GET")
        #expect(exchange.origin.address == "::1")
        #expect(exchange.origin.userAgent?.count == 256)
    }
}
