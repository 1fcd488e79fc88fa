import Synchronization

/// What is recorded in the audit log, as it is set now.
package final class AuditPolicy: Sendable {
    package struct Rules: Sendable, Equatable {
        /// Whether each pull is recorded.
        package var recordsPulls = false
        /// Kinds of events that are left out, such as `create_artifact`.
        package var disabledEvents: Set<String> = []

        package init() {}
    }

    private let current: Mutex<Rules>

    package init(_ rules: Rules = Rules()) {
        current = Mutex(rules)
    }

    package var rules: Rules {
        get { current.withLock { $0 } }
        set { current.withLock { $0 = newValue } }
    }
}
