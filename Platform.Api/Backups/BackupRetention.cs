using System.Globalization;

namespace Platform.Api.Backups;

/// <summary>Which archives stay: the newest of all, and the newest of each of the last days, ISO weeks and months (UTC) that have any.</summary>
internal sealed record BackupRetention(int Daily, int Weekly, int Monthly)
{
    private const int Max = 10_000;

    /// <summary>Reads <c>7,4,12</c>; null when it is not of that form.</summary>
    public static BackupRetention? Parse(string text)
    {
        var counts = new List<int>();
        foreach (var part in text.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var count) || count > Max)
            {
                return null;
            }
            counts.Add(count);
        }
        return counts is [var daily, var weekly, var monthly] ? new(daily, weekly, monthly) : null;
    }

    /// <summary>Those of the archives that stay.</summary>
    public HashSet<ArchiveName> Select(IEnumerable<ArchiveName> archives)
    {
        var newestFirst = archives.OrderByDescending(archive => archive.CreatedAt).ToList();
        return
        [
            .. newestFirst.Take(1),
            .. NewestOf(Daily, time => time.Date),
            .. NewestOf(Weekly, time => ISOWeek.ToDateTime(ISOWeek.GetYear(time), ISOWeek.GetWeekOfYear(time), DayOfWeek.Monday)),
            .. NewestOf(Monthly, time => new DateTime(time.Year, time.Month, 1)),
        ];

        IEnumerable<ArchiveName> NewestOf(int count, Func<DateTime, DateTime> period) =>
            newestFirst.DistinctBy(archive => period(archive.CreatedAt)).Take(count);
    }
}
