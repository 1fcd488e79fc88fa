import CoveJobs

/// When something is asked to be set off.
enum ScheduleRequest: Sendable {
    case now
    case never
    /// By the clock; the type as it was given.
    case cron(CronExpression, type: String)

    private static let usual = ["Hourly": "0 0 * * * *", "Daily": "0 0 0 * * *", "Weekly": "0 0 0 * * 0"]

    /// - Throws: ``HarborFailure`` that names the field.
    init(_ schedule: Harbor.ScheduleObj?) throws(HarborFailure) {
        guard let type = schedule?.type else {
            throw .badRequest("'schedule.type' is required: Hourly, Daily, Weekly, Custom, Manual or None")
        }
        switch type {
        case "Manual": self = .now
        case "None": self = .never
        default:
            let given = schedule?.cron ?? ""
            guard let text = given.isEmpty ? Self.usual[type] : given else {
                throw .badRequest("'schedule.cron' is required with type \(type): six fields, such as 0 0 3 * * *")
            }
            self = .cron(try CronExpression(text, field: "schedule.cron"), type: type == "Schedule" ? "Custom" : type)
        }
    }
}

extension CronExpression {
    /// As Harbor's API takes it: no more often than once a minute.
    ///
    /// - Throws: ``HarborFailure`` that names the field.
    init(_ text: String, field: String) throws(HarborFailure) {
        do throws(CronError) {
            try self.init(text)
        } catch {
            throw .badRequest("'\(field)': \(error)")
        }
        guard isOfFullMinutes else {
            throw .badRequest(
                "'\(field)': '\(text.prefix(80))' is due more often than once a minute; the first field, of seconds, must be 0")
        }
    }
}
