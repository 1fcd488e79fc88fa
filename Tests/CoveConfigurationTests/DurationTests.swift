import TestSupport
import Testing

@testable import CoveConfiguration

@Suite("Configuration: durations and sizes")
struct DurationTests {
    @Test(
        "durations are read in Go's form",
        arguments: [
            ("0", 0), ("0s", 0), ("300ms", 300), ("1s", 1000), ("1001ms", 1001), ("1.5h", 5_400_000), ("1h30m", 5_400_000),
            ("168h", 604_800_000), ("1m0.5s", 60_500), (".5s", 500), ("2000000us", 2000), ("2000000µs", 2000),
            ("1000000000ns", 1000), ("1000000000", 1000), ("10", 0), ("1h1m1s1ms", 3_661_001), ("0.57s", 570), ("4.35s", 4350),
        ])
    func reads(text: String, milliseconds: Int64) {
        #expect(Duration(goSyntax: text) == .milliseconds(milliseconds))
    }

    @Test(
        "what is not of Go's form is refused",
        arguments: [
            "", "-5", "s", "-5s", "5d", "1h 30m", " 5s", "5s ", "1e3s", "infs", "nans", "1..5s", "１s", "5S", "1h30", "99999999h", ".s",
        ])
    func refuses(text: String) {
        #expect(Duration(goSyntax: text) == nil)
    }

    @Test("any duration of whole milliseconds is read as it was written", arguments: 0..<4)
    func roundTrip(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        for _ in 0..<1000 {
            let scale: Int64 = [1, 10, 1000, 60_000, 3_600_000][Int.random(in: 0..<5, using: &random)]
            let duration = Duration.milliseconds(Int64.random(in: 0...5000, using: &random) * scale)
            #expect(Duration(goSyntax: duration.goSyntax) == duration, "\(duration.goSyntax)")
        }
    }

    @Test("a duration out of its range is refused", arguments: ["25h", "-1s", "99999999999999999"])
    func range(text: String) {
        #expect(ConfigurationSamples.problems(nil, ["REGISTRY_HTTP_DRAINTIMEOUT": text]).count == 1)
    }

    @Test("a duration without a unit is in nanoseconds, as in registry:2, and that is said")
    func withoutUnit() throws {
        let (configuration, warnings) = try Configuration.parse(yaml: nil, environment: ["REGISTRY_HTTP_DRAINTIMEOUT": "30000000000"])
        #expect(configuration.http.drainTimeout == .seconds(30))
        #expect(
            warnings == [
                "'http.draintimeout' is 30000000000 without a unit, and so in nanoseconds, as in registry:2; write it with one, such as 30s"
            ])
    }

    @Test("sizes are bytes or binary multiples", arguments: [("4096", 4096), ("8KiB", 8192), ("1MiB", 1_048_576)])
    func sizes(text: String, bytes: Int) throws {
        let configuration = try Configuration.parse(yaml: nil, environment: ["REGISTRY_HTTP_LIMITS_MAXHEADERBYTES": text]).configuration
        #expect(configuration.http.limits.maxHeaderBytes == bytes)
    }

    @Test(
        "what is no size, or out of range, is refused",
        arguments: ["4095", "2MiB", "8kb", "8 KiB", "KiB", "-1", "1.5KiB", "9223372036854775807KiB", "99999999999999999999", "8K", "8kib"])
    func badSizes(text: String) {
        #expect(
            ConfigurationSamples.problems(nil, ["REGISTRY_HTTP_LIMITS_MAXHEADERBYTES": text]) == [
                "'http.limits.maxheaderbytes' must be a size such as 65536 or 64KiB, from 4096 to 1048576 bytes, not '\(text)'"
            ])
    }
}
