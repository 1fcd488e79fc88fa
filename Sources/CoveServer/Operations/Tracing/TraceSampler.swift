import CoveTelemetry

/// Which traces are recorded (`OTEL_TRACES_SAMPLER`).
struct TraceSampler: Sendable, Equatable {
    /// The share of traces that begin here, 0 to 1.
    var ratio = 1.0
    /// Whether a trace that has begun elsewhere is recorded as it was decided there.
    var followsParent = true

    init() {}

    init(name: String?, argument: String?, warn: (String) -> Void) {
        switch name {
        case nil, "parentbased_always_on": break
        case "always_on": followsParent = false
        case "always_off": (ratio, followsParent) = (0, false)
        case "parentbased_always_off": ratio = 0
        case "traceidratio", "parentbased_traceidratio":
            followsParent = name != "traceidratio"
            guard let argument else { break }
            if let share = Double(argument), (0...1).contains(share) {
                ratio = share
            } else {
                warn("OTEL_TRACES_SAMPLER_ARG is \(argument), not a number from 0 to 1; every trace is recorded")
            }
        case .some(let other):
            warn("OTEL_TRACES_SAMPLER is \(other), which is not known; it is taken as parentbased_always_on")
        }
    }

    /// - Parameter parent: what asked, when it said so.
    func isSampled(_ trace: TraceID, parent: TraceContext?) -> Bool {
        if followsParent, let parent { return parent.isSampled }
        if ratio >= 1 { return true }
        // As other SDKs do it, so that all services of a trace come to the same answer.
        return trace.low >> 1 < UInt64(ratio * Double(UInt64(1) << 63))
    }
}
