/// How a job or an execution stands, as Harbor's API spells it.
package enum JobStatus: String, Sendable, CaseIterable {
    /// It can run, and waits for a worker.
    case pending = "Pending"
    /// It waits for its time.
    case scheduled = "Scheduled"
    case running = "Running"
    case success = "Success"
    case error = "Error"
    /// Somebody ended it.
    case stopped = "Stopped"

    package var isFinal: Bool {
        switch self {
        case .pending, .scheduled, .running: false
        case .success, .error, .stopped: true
        }
    }
}

/// What set an execution off.
package enum JobTrigger: String, Sendable, CaseIterable {
    case manual = "MANUAL"
    case schedule = "SCHEDULE"
    case event = "EVENT"
}

/// On whose behalf jobs run: a kind of thing (`GARBAGE_COLLECTION`, `RETENTION`) and which of them; -1 where there is only one.
package struct JobVendor: Sendable, Hashable {
    package let type: String
    package let id: Int64

    package init(_ type: String, _ id: Int64 = -1) {
        self.type = type
        self.id = id
    }

    /// The type of a retention policy, and the kind of its jobs.
    package static let retention = "RETENTION"
}
