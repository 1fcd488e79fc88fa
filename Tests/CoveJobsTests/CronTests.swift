import Foundation
import TestSupport
import Testing

@testable import CoveJobs

@Suite("CronExpression")
struct CronTests {
    private static func time(_ text: String) throws -> Int64 {
        Int64(try Date.ISO8601FormatStyle().parse(text).timeIntervalSince1970) * 1_000_000
    }

    private static func text(_ time: Int64) -> String {
        Date(timeIntervalSince1970: Double(time / 1_000_000)).formatted(Date.ISO8601FormatStyle())
    }

    @Test(
        "the next time is as anybody would say",
        arguments: [
            ("0 0 0 * * *", "2026-02-28T10:11:12Z", "2026-03-01T00:00:00Z"),
            ("* * * * * *", "2026-02-28T23:59:59Z", "2026-03-01T00:00:00Z"),
            ("*/15 * * * * *", "2026-01-01T00:00:15Z", "2026-01-01T00:00:30Z"),
            ("5/20 * * * * *", "2026-01-01T00:00:45Z", "2026-01-01T00:01:05Z"),
            ("0 30 9-17/4 ? * MON-FRI", "2026-01-02T17:30:00Z", "2026-01-05T09:30:00Z"),
            ("0 0 12 29 2 ?", "2026-01-01T00:00:00Z", "2028-02-29T12:00:00Z"),
            ("0 0 12 29 2 ?", "2096-03-01T00:00:00Z", "2104-02-29T12:00:00Z"),
            ("0 0 0 13 * 5", "2026-03-01T00:00:00Z", "2026-03-06T00:00:00Z"),
            ("0 0 0 31 * *", "2026-04-01T00:00:00Z", "2026-05-31T00:00:00Z"),
            ("0 15 3 1,15 jan,Jul *", "2026-01-15T03:15:00Z", "2026-07-01T03:15:00Z"),
            ("0 0 0 * * sun", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("@daily", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"),
            ("@Hourly", "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"),
            ("@weekly", "2026-01-01T00:00:00Z", "2026-01-04T00:00:00Z"),
            ("@monthly", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
            ("@yearly", "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ])
    func next(cron: String, after: String, expected: String) throws {
        let next = try CronExpression(cron).next(after: Self.time(after))
        #expect(next.map(Self.text) == expected)
    }

    @Test(
        "what is due more often than once a minute can be told",
        arguments: [
            ("0 * * * * *", true), ("00 */5 * * * ?", true), ("@hourly", true), ("0,0 0 3 * * *", true), ("* * * * * *", false),
            ("1 0 0 * * *", false), ("0/30 0 0 * * *", false), ("0,1 0 0 * * *", false), ("*/60 * * * * *", true),
        ])
    func fullMinutes(cron: String, isOfFullMinutes: Bool) throws {
        #expect(try CronExpression(cron).isOfFullMinutes == isOfFullMinutes)
    }

    @Test("a part of a second is not passed over")
    func parts() throws {
        let everySecond = try CronExpression("* * * * * *")
        #expect(everySecond.next(after: 1) == 1_000_000)
        #expect(everySecond.next(after: 999_999) == 1_000_000)
        #expect(everySecond.next(after: 1_000_000) == 2_000_000)
        #expect(everySecond.next(after: -1) == 0)
    }

    @Test(
        "nonsense is refused with the field named",
        arguments: [
            ("", "six are needed"), ("* * * * *", "has 5 fields"), ("* * * * * * *", "has 7 fields"), ("60 * * * * *", "second"),
            ("* 60 * * * *", "minute"), ("* * 24 * * *", "hour"), ("* * * 0 * *", "day of month"), ("* * * 32 * *", "day of month"),
            ("* * * * 13 *", "month"), ("* * * * foo *", "month"), ("* * * * * 7", "day of week"), ("* * * * * mondays", "day of week"),
            ("*/0 * * * * *", "second"), ("*/ * * * * *", "second"), ("5- * * * * *", "second"), ("9-5 * * * * *", "second"),
            ("1,,2 * * * * *", "second"), ("-1 * * * * *", "second"), ("1.5 * * * * *", "second"), ("0 0 0 31 2 *", "day of month"),
            ("0 0 0 31 4,6,9,11 ?", "day of month"), ("@never", "@daily"), ("+1 * * * * *", "second"), ("٣ * * * * *", "second"),
            ("99999999999999999999 * * * * *", "second"), (String(repeating: "1,", count: 200) + "1 * * * * *", "longer than 255"),
        ])
    func refused(cron: String, reason: String) {
        let error = #expect(throws: CronError.self) { try CronExpression(cron) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    }

    /// Fields of random shapes, with the numbers that they mean worked out another way.
    private static func field(_ range: ClosedRange<Int>, _ random: inout SeededGenerator, open: Double) -> (text: String, Set<Int>, Bool) {
        if Double.random(in: 0..<1, using: &random) < open { return (Bool.random(using: &random) ? "*" : "?", Set(range), true) }
        var parts: [String] = []
        var numbers: Set<Int> = []
        for _ in 0...Int.random(in: 0...2, using: &random) {
            let (a, b) = (Int.random(in: range, using: &random), Int.random(in: range, using: &random))
            let step = Int.random(in: 1...20, using: &random)
            switch Int.random(in: 0..<4, using: &random) {
            case 0:
                parts.append("\(a)")
                numbers.insert(a)
            case 1:
                parts.append("\(min(a, b))-\(max(a, b))")
                numbers.formUnion(min(a, b)...max(a, b))
            case 2:
                parts.append("\(min(a, b))-\(max(a, b))/\(step)")
                numbers.formUnion(stride(from: min(a, b), through: max(a, b), by: step))
            default:
                parts.append("\(a)/\(step)")
                numbers.formUnion(stride(from: a, through: range.upperBound, by: step))
            }
        }
        return (parts.joined(separator: ","), numbers, false)
    }

    @Test("of random expressions, the next time matches and none before it does, by the system's calendar")
    func property() throws {
        var random = SeededGenerator(seed: 20_260_101)
        for _ in 0..<400 {
            let fields = [
                Self.field(0...59, &random, open: 0.3), Self.field(0...59, &random, open: 0.3), Self.field(0...23, &random, open: 0.5),
                Self.field(1...31, &random, open: 0.5), Self.field(1...12, &random, open: 0.6), Self.field(0...6, &random, open: 0.5),
            ]
            let cron = fields.map(\.0).joined(separator: " ")
            guard let expression = try? CronExpression(cron) else {
                // Only such as never have their day.
                #expect(fields[5].2 && !fields[3].2, "\(cron)")
                continue
            }
            func isDue(onDayOf second: Int64) -> Bool {
                var (time, parts) = (time_t(second), tm())
                gmtime_r(&time, &parts)
                let isDay = fields[3].1.contains(Int(parts.tm_mday))
                let isWeekday = fields[5].1.contains(Int(parts.tm_wday))
                let isDate = fields[3].2 || fields[5].2 ? isDay && isWeekday : isDay || isWeekday
                return isDate && fields[4].1.contains(Int(parts.tm_mon) + 1)
            }
            func isDue(atTimeOf second: Int) -> Bool {
                fields[2].1.contains(second / 3600) && fields[1].1.contains(second / 60 % 60) && fields[0].1.contains(second % 60)
            }
            let start = Int64.random(in: -2_000_000_000...5_000_000_000, using: &random)
            let next = try #require(expression.next(after: start * 1_000_000)) / 1_000_000
            #expect(next > start, "\(cron) after \(start)")
            let (firstDay, lastDay) = (Self.day(start + 1), Self.day(next))
            #expect(isDue(onDayOf: next) && isDue(atTimeOf: Int(next - lastDay * 86_400)), "\(cron) after \(start)")
            // On days before it that are due, no second is any more.
            for day in firstDay..<max(firstDay, lastDay) where isDue(onDayOf: day * 86_400) {
                // Every day has a second that is due, so only the first may have passed it.
                #expect(day == firstDay, "\(cron) on day \(day)")
                let missed = (Int(start + 1 - day * 86_400)..<86_400).first(where: isDue(atTimeOf:))
                #expect(missed == nil, "\(cron) at \(missed ?? 0) of day \(day)")
            }
            let begin = firstDay == lastDay ? Int(start + 1 - lastDay * 86_400) : 0
            let missed = (begin..<Int(next - lastDay * 86_400)).first(where: isDue(atTimeOf:))
            #expect(missed == nil, "\(cron) at \(missed ?? 0) of the day of \(next)")
        }
    }

    /// Days since 1970.
    private static func day(_ second: Int64) -> Int64 { second >= 0 ? second / 86_400 : (second - 86_399) / 86_400 }

    @Test("every day has the date that the system's calendar gives it")
    func dates() {
        for days in stride(from: Int64(-800_000), through: 3_000_000, by: 37) {
            let date = CivilDate(daysSince1970: days)
            var (time, parts) = (time_t(days * 86_400), tm())
            gmtime_r(&time, &parts)
            #expect(date.year == Int(parts.tm_year) + 1900 && date.month == Int(parts.tm_mon) + 1 && date.day == Int(parts.tm_mday))
            #expect(date.weekday == Int(parts.tm_wday))
            let next = date.firstOfNextMonth
            #expect(next.day == 1 && next.month == date.month % 12 + 1 && next.daysSince1970 - days <= 31)
        }
    }
}
