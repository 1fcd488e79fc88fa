extension Schema {
    /// The durable queue, its schedules and its logs.
    static let jobs: [String] = [
        // What one trigger of something set off, such as of the collector or of a policy; its tasks are jobs. unique_key: of those
        // that have not ended, none has the same.
        """
        CREATE TABLE job_execution (
            id {id},
            vendor_type {key} NOT NULL,
            vendor_id {integer} NOT NULL,
            triggered_by TEXT NOT NULL,
            status TEXT NOT NULL,
            status_message TEXT NOT NULL DEFAULT '',
            attributes TEXT NOT NULL DEFAULT '{}',
            unique_key {key},
            created_at {integer} NOT NULL,
            started_at {integer},
            ended_at {integer},
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX job_execution_vendor ON job_execution(vendor_type, vendor_id, id)",
        "CREATE INDEX job_execution_ended ON job_execution(ended_at) WHERE ended_at IS NOT NULL",
        "CREATE UNIQUE INDEX job_execution_unique ON job_execution(unique_key) WHERE unique_key IS NOT NULL AND ended_at IS NULL",
        // attempt: raised whenever it is taken, so that what an earlier run still writes is refused. failures: runs that failed;
        // losses: runs whose worker was lost.
        """
        CREATE TABLE job (
            id {id},
            kind {key} NOT NULL,
            execution_id {integer} REFERENCES job_execution(id) ON DELETE CASCADE,
            parameters TEXT NOT NULL,
            priority {integer} NOT NULL,
            status TEXT NOT NULL,
            status_message TEXT NOT NULL DEFAULT '',
            run_at {integer} NOT NULL,
            attempt {integer} NOT NULL DEFAULT 0,
            failures {integer} NOT NULL DEFAULT 0,
            losses {integer} NOT NULL DEFAULT 0,
            worker {key},
            stop_requested {integer} NOT NULL DEFAULT 0,
            check_in TEXT NOT NULL DEFAULT '',
            checked_in_at {integer},
            done {integer} NOT NULL DEFAULT 0,
            total {integer} NOT NULL DEFAULT 0,
            result TEXT NOT NULL DEFAULT '{}',
            log_lines {integer} NOT NULL DEFAULT 0,
            log_bytes {integer} NOT NULL DEFAULT 0,
            created_at {integer} NOT NULL,
            started_at {integer},
            ended_at {integer},
            updated_at {integer} NOT NULL
        )
        """,
        "CREATE INDEX job_pending ON job(priority DESC, run_at, id) WHERE status = 'Pending'",
        "CREATE INDEX job_scheduled ON job(run_at) WHERE status = 'Scheduled'",
        "CREATE INDEX job_running ON job(worker) WHERE status = 'Running'",
        "CREATE INDEX job_execution_id ON job(execution_id)",
        "CREATE INDEX job_ended ON job(ended_at) WHERE ended_at IS NOT NULL",
        """
        CREATE TABLE job_log (
            job_id {integer} NOT NULL REFERENCES job(id) ON DELETE CASCADE,
            number {integer} NOT NULL,
            text TEXT NOT NULL,
            PRIMARY KEY (job_id, number)
        )
        """,
        // What is set off by the clock. next_at null: never again.
        """
        CREATE TABLE job_schedule (
            id {id},
            vendor_type {key} NOT NULL,
            vendor_id {integer} NOT NULL,
            kind {key} NOT NULL,
            cron TEXT NOT NULL,
            cron_type TEXT NOT NULL,
            parameters TEXT NOT NULL,
            may_overlap {integer} NOT NULL DEFAULT 0,
            next_at {integer},
            fired_at {integer},
            created_at {integer} NOT NULL,
            updated_at {integer} NOT NULL,
            UNIQUE (vendor_type, vendor_id)
        )
        """,
        "CREATE INDEX job_schedule_next ON job_schedule(next_at)",
        // Kinds whose waiting jobs are held back.
        "CREATE TABLE job_pause (kind {key} PRIMARY KEY, paused_at {integer} NOT NULL)",
        // beat grows while the process lives. Others look whether it does; nobody compares clocks.
        """
        CREATE TABLE job_worker (
            name {key} PRIMARY KEY,
            host TEXT NOT NULL,
            pid {integer} NOT NULL,
            concurrency {integer} NOT NULL,
            beat {integer} NOT NULL DEFAULT 0,
            started_at {integer} NOT NULL,
            beat_at {integer} NOT NULL
        )
        """,
    ]
}
