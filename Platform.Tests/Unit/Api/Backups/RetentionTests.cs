using System.Globalization;
using FsCheck.Xunit;
using Platform.Api.Backups;

namespace Platform.Tests.Unit.Api.Backups;

/// <summary>Which backups stay.</summary>
public sealed class RetentionTests
{
    private static readonly DateTime Newest = new(2026, 11, 26, 4, 30, 0, DateTimeKind.Utc);

    [Fact]
    public void A_year_of_daily_backups_becomes_7_days_4_weeks_and_12_months()
    {
        var archives = Enumerable.Range(0, 365).Select(day => new ArchiveName(Newest.AddDays(-day), IsEncrypted: false)).ToList();

        var kept = new BackupRetention(7, 4, 12).Select(archives).Select(archive => archive.CreatedAt).OrderDescending().ToList();

        string[] expected =
        [
            // 7 days, of which the 22nd is the last of its week, too.
            "2026-11-26", "2026-11-25", "2026-11-24", "2026-11-23", "2026-11-22", "2026-11-21", "2026-11-20",
            "2026-11-15", "2026-11-08",
            "2026-10-31", "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30", "2026-05-31", "2026-04-30", "2026-03-31", "2026-02-28",
            "2026-01-31", "2025-12-31",
        ];
        Assert.Equal(expected, kept.Select(time => time.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)));
    }

    [Property(MaxTest = 300)]
    public void The_newest_stays_and_of_each_kept_period_the_newest_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var archives = Enumerable.Range(0, random.Next(1, 200))
            .Select(_ => new ArchiveName(Newest.AddMinutes(-random.Next(1_000_000)), random.Next(2) == 0)).ToHashSet();
        var retention = new BackupRetention(random.Next(10), random.Next(6), random.Next(14));

        var kept = retention.Select(archives);

        Assert.Subset(archives, kept);
        var newest = archives.Max(archive => archive.CreatedAt);
        Assert.Contains(kept, archive => archive.CreatedAt == newest);
        Assert.InRange(kept.Count, 1, 1 + retention.Daily + retention.Weekly + retention.Monthly);
        // What goes is neither the newest of its day, week or month, or that period is too long ago.
        foreach (var gone in archives.Where(archive => !kept.Contains(archive)))
        {
            AssertGone(retention.Daily, time => time.ToString("yyyyMMdd", CultureInfo.InvariantCulture));
            AssertGone(retention.Weekly, time => $"{ISOWeek.GetYear(time)} {ISOWeek.GetWeekOfYear(time):d2}");
            AssertGone(retention.Monthly, time => time.ToString("yyyyMM", CultureInfo.InvariantCulture));

            void AssertGone(int count, Func<DateTime, string> period)
            {
                var own = period(gone.CreatedAt);
                var isNewest = archives.Where(archive => period(archive.CreatedAt) == own).Max(archive => archive.CreatedAt) == gone.CreatedAt;
                var newer = archives.Select(archive => period(archive.CreatedAt))
                    .Where(other => string.CompareOrdinal(other, own) > 0).Distinct().Count();
                Assert.True(!isNewest || newer >= count || kept.Any(archive => archive.CreatedAt == gone.CreatedAt), $"{gone} {retention}");
            }
        }
    }

    [Theory]
    [InlineData("7,4,12", 7, 4, 12)]
    [InlineData(" 0, 0 ,0", 0, 0, 0)]
    public void It_is_written_as_three_numbers(string text, int daily, int weekly, int monthly) =>
        Assert.Equal(new BackupRetention(daily, weekly, monthly), BackupRetention.Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("7")]
    [InlineData("7,4")]
    [InlineData("7,4,12,1")]
    [InlineData("7,-4,12")]
    [InlineData("7,4,99999999999")]
    [InlineData("7,4,x")]
    public void Anything_else_is_refused(string text) => Assert.Null(BackupRetention.Parse(text));
}
