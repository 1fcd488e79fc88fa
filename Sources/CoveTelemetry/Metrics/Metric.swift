/// What a metric is called, what it means, and by which labels its numbers are told apart.
package struct Metric: Sendable, Equatable {
    package enum Kind: String, Sendable {
        case counter, gauge, histogram
    }

    package let name: String
    package let kind: Kind
    package let labels: [String]
    /// One sentence.
    package let help: String

    package static func counter(_ name: String, _ labels: [String] = [], _ help: String) -> Metric {
        Metric(name: name, kind: .counter, labels: labels, help: help)
    }

    package static func gauge(_ name: String, _ labels: [String] = [], _ help: String) -> Metric {
        Metric(name: name, kind: .gauge, labels: labels, help: help)
    }

    package static func histogram(_ name: String, _ labels: [String] = [], _ help: String) -> Metric {
        Metric(name: name, kind: .histogram, labels: labels, help: help)
    }
}

/// A part of the server that has metrics to show.
///
/// Values of labels come from small sets, such as routes and status codes, or from the configuration; never from what a
/// client sends: each value is a series that Prometheus keeps.
package protocol MetricSource: Sendable {
    /// All that it may show, for the documentation.
    static var metrics: [Metric] { get }

    /// Writes each of its metrics once. Called at each scrape.
    func write(to text: inout MetricText) async
}
