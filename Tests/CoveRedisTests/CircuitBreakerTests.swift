import Testing

@testable import CoveRedis

@Suite("CircuitBreaker")
struct CircuitBreakerTests {
    private let start = ContinuousClock.now

    @Test("while all is well every command may be sent")
    func closed() {
        var breaker = CircuitBreaker()
        #expect(breaker.permit(at: start) == .regular)
        #expect(breaker.permit(at: start) == .regular)
        #expect(breaker.succeeded(.regular) == false)
        #expect(breaker.isClosed)
    }

    @Test("after a failure nothing is sent for 100 ms, then one command, until it is answered")
    func opens() {
        var breaker = CircuitBreaker()
        #expect(breaker.failed(.regular, at: start) == true)
        #expect(!breaker.isClosed)
        #expect(breaker.permit(at: start + .milliseconds(99)) == nil)
        #expect(breaker.permit(at: start + .milliseconds(100)) == .trial)
        #expect(breaker.permit(at: start + .milliseconds(100)) == nil)
        #expect(breaker.permit(at: start + .seconds(60)) == nil)
        #expect(breaker.succeeded(.trial) == true)
        #expect(breaker.permit(at: start + .milliseconds(101)) == .regular)
    }

    @Test("of the commands that fail together one counts")
    func together() {
        var breaker = CircuitBreaker()
        #expect(breaker.failed(.regular, at: start) == true)
        for _ in 0..<20 { #expect(breaker.failed(.regular, at: start) == false) }
        #expect(breaker.succeeded(.regular) == false)
        #expect(breaker.permit(at: start + .milliseconds(100)) == .trial)
    }

    @Test("the pause doubles with each trial that fails, up to 5 s")
    func grows() {
        var breaker = CircuitBreaker()
        var now = start
        var pauses: [Duration] = []
        _ = breaker.failed(.regular, at: now)
        for _ in 0..<8 {
            var pause = Duration.zero
            while breaker.permit(at: now + pause) == nil { pause += .milliseconds(50) }
            pauses.append(pause)
            now += pause
            #expect(breaker.failed(.trial, at: now) == true)
        }
        #expect(pauses == [100, 200, 400, 800, 1600, 3200, 5000, 5000].map { .milliseconds($0) })
    }

    @Test("a server that comes and goes is left alone for longer and longer; one that was well for 30 s is not")
    func flapping() {
        var breaker = CircuitBreaker()
        _ = breaker.failed(.regular, at: start)
        #expect(breaker.permit(at: start + .milliseconds(100)) == .trial)
        _ = breaker.succeeded(.trial)
        _ = breaker.failed(.regular, at: start + .milliseconds(200))
        #expect(breaker.permit(at: start + .milliseconds(399)) == nil)
        #expect(breaker.permit(at: start + .milliseconds(400)) == .trial)
        _ = breaker.succeeded(.trial)
        _ = breaker.failed(.regular, at: start + .seconds(31))
        #expect(breaker.permit(at: start + .seconds(31) + .milliseconds(100)) == .trial)
    }
}
