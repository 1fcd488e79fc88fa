import Crypto
import Foundation
import NIOHTTP1
import SwiftASN1
import Testing
import X509

@testable import CoveACME

@Suite("ACME: when")
struct RenewalScheduleTests {
    private static let start = Date(timeIntervalSince1970: 1_800_000_000)

    private func bundle(lifetime: TimeInterval) throws -> CertificateBundle {
        let key = P256.Signing.PrivateKey()
        let certificate = try Certificate(
            version: .v3, serialNumber: .init(), publicKey: .init(key.publicKey), notValidBefore: Self.start,
            notValidAfter: Self.start.addingTimeInterval(lifetime), issuer: DistinguishedName { CommonName("x") },
            subject: DistinguishedName { CommonName("x") }, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions { SubjectAlternativeNames([.dnsName("a.example")]) }, issuerPrivateKey: .init(key))
        return try CertificateBundle(key: key, chain: certificate.serializeAsPEM().pemString)
    }

    @Test("with a third of its life left, a little before by chance, which stays the same", arguments: [12, 6 * 86_400, 90 * 86_400])
    func renewal(lifetime: TimeInterval) throws {
        var moments = Set<TimeInterval>()
        for _ in 0..<20 {
            let bundle = try bundle(lifetime: lifetime)
            let renewal = RenewalSchedule.renewal(of: bundle, suggested: nil)
            let age = renewal.timeIntervalSince(Self.start) / lifetime
            #expect(age <= 2.0 / 3 + 1e-9 && age >= 2.0 / 3 - 1.0 / 30 - 1e-9)
            #expect(try RenewalSchedule.renewal(of: CertificateBundle(pem: bundle.pem), suggested: nil) == renewal)
            moments.insert(age)
        }
        #expect(moments.count > 15)
    }

    @Test("an authority brings the renewal forward, and does not put it off")
    func suggestions() throws {
        let bundle = try bundle(lifetime: 90 * 86_400)
        let early = Self.start.addingTimeInterval(86_400)
        #expect(RenewalSchedule.renewal(of: bundle, suggested: early) == early)
        let late = Self.start.addingTimeInterval(89 * 86_400)
        #expect(RenewalSchedule.renewal(of: bundle, suggested: late) == RenewalSchedule.renewal(of: bundle, suggested: nil))
    }

    @Test("a suggested window is read, with fractions of seconds and without")
    func windows() {
        let window = RenewalInfo.Window(start: "2027-01-15T08:00:00Z", end: "2027-01-15T09:00:00.5Z")
        #expect(RenewalSchedule.moment(in: window, random: 0) == Self.start)
        #expect(RenewalSchedule.moment(in: window, random: 1) == Self.start.addingTimeInterval(3600.5))
        #expect(RenewalSchedule.moment(in: .init(start: window.end, end: window.start), random: 0.5) == nil)
        #expect(RenewalSchedule.moment(in: .init(start: "soon", end: "later"), random: 0.5) == nil)
    }

    @Test("waits double, to a limit")
    func waits() {
        func waits(_ kind: ACMEError.Kind) -> [TimeInterval] {
            [1, 2, 3, 100].map { RenewalSchedule.wait(after: ACMEError(kind, ""), failures: $0, random: 0.5) }
        }
        #expect(waits(.refused) == [900, 1800, 3600, 43_200])
        #expect(waits(.unavailable) == [60, 120, 240, 3600])
        #expect(waits(.rateLimited) == [3600, 7200, 14_400, 43_200])
    }

    /// Let's Encrypt's "Failed Validations": five for a host within an hour.
    @Test("no more than four failed validations are caused within any hour")
    func limit() {
        var moments: [TimeInterval] = [0]
        for failures in 1...10 {
            moments.append(moments[failures - 1] + RenewalSchedule.wait(after: ACMEError(.refused, ""), failures: failures, random: 0))
        }
        for moment in moments { #expect(moments.filter { $0 >= moment && $0 < moment + 3600 }.count <= 4) }
    }

    @Test("an authority is not asked before the time that it says", arguments: [0, 0.5, 1])
    func retryAfter(random: Double) {
        var error = ACMEError(.unavailable, "")
        error.retryAfter = .seconds(5000)
        #expect(RenewalSchedule.wait(after: error, failures: 1, random: random) >= 5000)
    }

    @Test("Retry-After is read as seconds and as a date, at most a day")
    func retryAfterField() {
        func read(_ text: String) -> Duration? {
            ACMEAnswer(status: 429, headers: ["Retry-After": text], body: []).retryAfter
        }
        #expect(read("120") == .seconds(120))
        #expect(read("-5") == .zero)
        #expect(read("1000000000") == .seconds(86_400))
        #expect(read("Wed, 21 Oct 2015 07:28:00 GMT") == .zero)
        #expect(read("Sun, 06 Nov 2094 08:49:37 GMT") == .seconds(86_400))
        #expect(read("soon") == nil)
    }

    @Test("what an authority says is shown in one line, and not without end")
    func problems() {
        let detail = "line\\none" + String(repeating: "x", count: 2000)
        let body = #"{"type": "urn:ietf:params:acme:error:dns", "detail": "\#(detail)"}"#
        let error = ACMEError(ACMEAnswer(status: 400, headers: [:], body: Array(body.utf8)), to: "the order")
        #expect(error.type == "dns")
        #expect(error.kind == .refused)
        #expect(error.description.hasPrefix("the authority answered the order with 400 (dns: line onexxx"))
        #expect(error.description.count < 800)
        #expect(ACMEError(ACMEAnswer(status: 503, headers: [:], body: []), to: "x").kind == .unavailable)
        #expect(ACMEError(ACMEAnswer(status: 429, headers: [:], body: []), to: "x").kind == .rateLimited)
    }
}
