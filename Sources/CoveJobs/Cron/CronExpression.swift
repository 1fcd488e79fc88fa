/// When something is due again and again, in UTC: six fields as Harbor has them (second, minute, hour, day of month, month, day
/// of week), or a name (`@hourly`, `@daily`, `@weekly`, `@monthly`, `@yearly`).
///
/// Where both days are restricted, either is enough, as cron has always had it.
package struct CronExpression: Sendable, Equatable {
    /// As it was written.
    package let text: String
    private let second: CronField
    private let minute: CronField
    private let hour: CronField
    private let day: CronField
    private let month: CronField
    private let weekday: CronField

    /// In bytes.
    package static let longest = 255

    private static let names = [
        "@yearly": "0 0 0 1 1 *", "@annually": "0 0 0 1 1 *", "@monthly": "0 0 0 1 * *", "@weekly": "0 0 0 * * 0",
        "@daily": "0 0 0 * * *", "@midnight": "0 0 0 * * *", "@hourly": "0 0 * * * *",
    ]

    /// - Throws: ``CronError`` that names the field.
    package init(_ text: String) throws(CronError) {
        guard text.utf8.count <= Self.longest else { throw CronError("it is longer than \(Self.longest) bytes") }
        self.text = text
        var spelled = text
        if text.hasPrefix("@") {
            guard let meaning = Self.names[text.lowercased()] else {
                throw CronError("'\(text.prefix(40))' is none of \(Self.names.keys.sorted().joined(separator: ", "))")
            }
            spelled = meaning
        }
        let fields = spelled.split { $0 == " " || $0 == "\t" }
        guard fields.count == 6 else {
            throw CronError(
                "'\(text.prefix(80))' has \(fields.count) fields; six are needed: second minute hour day-of-month month day-of-week")
        }
        second = try CronField(fields[0], .second)
        minute = try CronField(fields[1], .minute)
        hour = try CronField(fields[2], .hour)
        day = try CronField(fields[3], .day)
        month = try CronField(fields[4], .month)
        weekday = try CronField(fields[5], .weekday)
        guard next(after: 0) != nil else {
            throw CronError("day of month: no month of '\(text.prefix(80))' has such a day, so it would never be due")
        }
    }

    /// Whether it is due at full minutes only, and so once a minute at most.
    package var isOfFullMinutes: Bool { second.isOnly(0) }

    /// The next whole second after a time.
    ///
    /// - Parameter time: UTC microseconds since 1970, as is the result.
    /// - Returns: nil when there is none; an expression of which that is so cannot be made.
    package func next(after time: Int64) -> Int64? {
        let start = Self.floorDivide(time, 1_000_000) + 1
        var date = CivilDate(daysSince1970: Self.floorDivide(start, 86_400))
        var from = Int(start - date.daysSince1970 * 86_400)
        // The 29th of February, the rarest, comes again after 8 years at most.
        let lastYear = date.year + 9
        while date.year <= lastYear {
            if !month.contains(date.month) {
                date = date.firstOfNextMonth
                from = 0
                continue
            }
            if matches(date), let second = secondOfDay(from: from) { return (date.daysSince1970 * 86_400 + Int64(second)) * 1_000_000 }
            date = date.nextDay
            from = 0
        }
        return nil
    }

    private func matches(_ date: CivilDate) -> Bool {
        let (isDay, isWeekday) = (day.contains(date.day), weekday.contains(date.weekday))
        return day.isOpen || weekday.isOpen ? isDay && isWeekday : isDay || isWeekday
    }

    /// The first matching second of a day that is not before `start`.
    private func secondOfDay(from start: Int) -> Int? {
        var (h, m, s) = (start / 3600, start / 60 % 60, start % 60)
        while let nextHour = hour.next(from: h) {
            if nextHour > h { (h, m, s) = (nextHour, 0, 0) }
            while let nextMinute = minute.next(from: m) {
                if nextMinute > m { (m, s) = (nextMinute, 0) }
                if let nextSecond = second.next(from: s) { return h * 3600 + m * 60 + nextSecond }
                (m, s) = (m + 1, 0)
            }
            (h, m, s) = (h + 1, 0, 0)
        }
        return nil
    }

    private static func floorDivide(_ number: Int64, _ divisor: Int64) -> Int64 {
        number >= 0 ? number / divisor : (number - divisor + 1) / divisor
    }
}
