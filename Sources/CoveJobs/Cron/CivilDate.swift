/// A day of the Gregorian calendar, by the arithmetic of eras of 400 years, which begin in March so that a leap day is a year's
/// last.
struct CivilDate: Sendable, Equatable {
    let daysSince1970: Int64
    let year: Int
    /// From 1.
    let month: Int
    /// From 1.
    let day: Int

    init(daysSince1970 days: Int64) {
        daysSince1970 = days
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = Int(dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
        month = Int(shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9)
        year = Int(yearOfEra + era * 400) + (month <= 2 ? 1 : 0)
    }

    /// From 0, which is Sunday.
    var weekday: Int {
        // 1970-01-01 was a Thursday.
        Int(((daysSince1970 + 4) % 7 + 7) % 7)
    }

    var nextDay: CivilDate { CivilDate(daysSince1970: daysSince1970 + 1) }

    var firstOfNextMonth: CivilDate {
        // 31 days after the first is the next month's, on its 1st to 4th.
        let later = CivilDate(daysSince1970: daysSince1970 - Int64(day - 1) + 31)
        return CivilDate(daysSince1970: later.daysSince1970 - Int64(later.day - 1))
    }
}
