extension HarborConfiguration {
    /// What is done beside serving.
    static let services: [Converter] = [
        Converter(key: "harbor_admin_password") { _, it in
            it.note(
                "harbor_admin_password", .byHand,
                "it is for the first start only: set COVE_ADMIN_PASSWORD in its environment, or change it later with cove user password")
        },
        Converter(key: "jobservice") { _, it in it.convertJobs() },
        Converter(key: "notification") { _, it in it.convertNotification() },
        Converter(key: "trivy") { _, it in
            it.note(all: "trivy", .notNeeded, "there is no scanner in Cove; scan in the pipeline that pushes")
        },
        Converter(key: "clair") { _, it in
            it.note(all: "clair", .notNeeded, "there is no scanner in Cove; scan in the pipeline that pushes")
        },
        Converter(key: "notary") { _, it in
            it.note(all: "notary", .notNeeded, "Harbor has no Notary any more; cosign's and notation's signatures are kept as they are")
        },
        Converter(key: "chart") { _, it in
            it.note(all: "chart", .notNeeded, "charts are artifacts: helm push oci://…")
        },
        Converter(key: "uaa") { _, it in
            it.note(all: "uaa", .byHand, "UAA speaks OIDC: cove config set auth_mode=oidc_auth oidc_endpoint=…")
        },
        Converter(key: "core") { _, it in
            it.note(all: "core", .notNeeded, "quotas are charged in the push's own transaction: there is no provider to choose")
        },
        Converter(key: "quota") { _, it in
            it.note(all: "quota", .notNeeded, "quotas are charged in the push's own transaction: there is nothing to update later")
        },
        Converter(key: "registry") { _, it in
            it.note(all: "registry", .notNeeded, "there is no registry beside Cove")
        },
        Converter(key: "_version") { _, it in it.note("_version", .notNeeded, "the version of harbor.yml itself") },
    ]

    private mutating func convertJobs() {
        if let workers = value("jobservice.max_job_workers") { keepWorkers(workers) }
        let logs = "logs of jobs are in the metadata store, and pruned with their jobs"
        for key in ["jobservice.job_loggers", "jobservice.logger_sweeper_duration"] where value(key) != nil { note(key, .notNeeded, logs) }
        if value("jobservice.max_job_duration_hours") != nil {
            note("jobservice.max_job_duration_hours", .notNeeded, "a job is taken from a worker that does not tell that it lives")
        }
    }

    private mutating func keepWorkers(_ workers: JSONValue) {
        keep("jobservice.max_job_workers", as: Self.workersKey, workers)
    }

    private mutating func convertNotification() {
        if let retries = value("notification.webhook_job_max_retry") {
            keep("notification.webhook_job_max_retry", as: Self.retriesKey, retries)
        }
        // Harbor says it in seconds.
        if let seconds = value("notification.webhook_job_http_client_timeout")?.integer {
            keep("notification.webhook_job_http_client_timeout", as: Self.timeoutKey, .string("\(seconds)s"))
        }
    }

    /// What Cove calls them.
    static let workersKey = "jobs.maxworkers"
    static let retriesKey = "webhooks.maxretry"
    static let timeoutKey = "webhooks.timeout"
}
