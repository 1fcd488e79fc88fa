import CoveTelemetry
import Testing

@Suite("Metrics: text")
struct MetricTextTests {
    private static let requests = Metric.counter("cove_things_total", ["name", "kind"], "Things.\nOf \\ \"all\" kinds.")

    @Test("a counter has its help, its type and a line for each set of labels")
    func counter() {
        var text = MetricText(.prometheus)
        text.write(Self.requests) {
            $0.add(["a", "b"], 3)
            $0.add(["c", "d"], 0)
        }
        #expect(
            text.finished() == """
                # HELP cove_things_total Things.\\nOf \\\\ "all" kinds.
                # TYPE cove_things_total counter
                cove_things_total{name="a",kind="b"} 3
                cove_things_total{name="c",kind="d"} 0

                """)
    }

    @Test(
        "no label can end its quotes or its line",
        arguments: [("a\"} 1\nforged 2", #"a\"} 1\nforged 2"#), ("\\", #"\\"#), ("\\n", #"\\n"#), ("é", "é"), ("", "")])
    func escaping(value: String, written: String) {
        var text = MetricText(.prometheus)
        text.write(.gauge("g", ["l"], "Help.")) { $0.add([value], 1) }
        #expect(text.finished().split(separator: "\n").last == "g{l=\"\(written)\"} 1")
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0, "0"), (-3, "-3"), (1e9, "1000000000"), (0.5, "0.5"), (0.00005, "5e-05"), (1e20, "1e+20"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"),
        ] as [(Double, String)])
    func numbers(value: Double, written: String) {
        var text = MetricText(.prometheus)
        text.write(.gauge("g", [], "Help."), value)
        #expect(text.finished().hasSuffix("g \(written)\n"))
    }

    @Test("a metric without a number is left out")
    func empty() {
        var text = MetricText(.prometheus)
        text.write(Self.requests) { _ in }
        #expect(text.finished() == "")
    }

    @Test("a histogram counts up to each bound, and all of it in the last")
    func histogram() {
        let histogram = Histogram(.seconds, bounds: [0.001, 1])
        // At a bound is below it.
        for nanoseconds in [1, 1_000_000, 1_000_001, 1_000_000_000, 2_500_000_000] { histogram.observe(nanoseconds) }
        var text = MetricText(.prometheus)
        text.write(.histogram("h", ["x"], "Help.")) { $0.add(["y"], histogram) }
        #expect(
            text.finished() == """
                # HELP h Help.
                # TYPE h histogram
                h_bucket{x="y",le="0.001"} 2
                h_bucket{x="y",le="1"} 4
                h_bucket{x="y",le="+Inf"} 5
                h_sum{x="y"} 3.502000002
                h_count{x="y"} 5

                """)
    }

    @Test("OpenMetrics names a counter without its suffix, has bounds as floats and ends with a mark")
    func openMetrics() {
        let histogram = Histogram(.bytes, bounds: [1024])
        histogram.observe(7)
        var text = MetricText(.openMetrics)
        text.write(.counter("cove_things_total", [], "Things."), 4)
        text.write(.histogram("h", [], "Help."), histogram)
        #expect(
            text.finished() == """
                # HELP cove_things Things.
                # TYPE cove_things counter
                cove_things_total 4
                # HELP h Help.
                # TYPE h histogram
                h_bucket{le="1024.0"} 1
                h_bucket{le="+Inf"} 1
                h_sum 7
                h_count 1
                # EOF

                """)
    }

    @Test(
        "the scraper says which format it takes",
        arguments: [
            (nil, false), ("*/*", false), ("text/plain;version=0.0.4", false),
            ("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;q=0.5", true),
            ("application/openmetrics-text; version=0.0.1", false), ("application/openmetrics-text", true),
            ("application/openmetrics-text;version=1.0.0;q=0, text/plain", false),
        ] as [(String?, Bool)])
    func negotiation(accept: String?, isOpenMetrics: Bool) {
        let format = MetricText.Format(accept: accept)
        #expect(format == (isOpenMetrics ? .openMetrics : .prometheus))
        #expect(format.contentType.hasPrefix(isOpenMetrics ? "application/openmetrics-text; version=1.0.0" : "text/plain; version=0.0.4"))
    }

    @Test("counters that many tasks add to lose nothing")
    func concurrency() async {
        let (counter, row) = (Counter(), CounterRow(count: 3))
        let histogram = Histogram(.items, bounds: [10, 20])
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for number in 0..<1000 {
                        counter.add()
                        row.add(at: task % 3)
                        histogram.observe(number % 30)
                    }
                }
            }
        }
        #expect(counter.value == 8000)
        #expect((row[0], row[1], row[2]) == (3000, 3000, 2000))
        let snapshot = histogram.snapshot
        #expect(snapshot.count == 8000)
        #expect(snapshot.cumulative[0] < snapshot.cumulative[1])
        row.add(at: 3)
        #expect(row[3] == 0 && row[-1] == 0)
    }
}
