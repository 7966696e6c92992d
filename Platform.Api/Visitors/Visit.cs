using System.Text.Json;
using Platform.Api.Requests;

namespace Platform.Api.Visitors;

/// <summary>A visit on its way to analytics_events.</summary>
/// <param name="Timestamp">UTC in whole microseconds, which is what PostgreSQL keeps.</param>
/// <param name="Data">The event's JSON: <c>page</c> and <c>referrer</c>, each where it was given.</param>
internal sealed record Visit(Guid Id, DateTime Timestamp, string Data)
{
    private const int Page = 0, Referrer = 1;

    public static TextField[] Fields { get; } = [new("page", 500), new("referrer", 500)];

    public static Visit From(TextFields fields, DateTimeOffset now)
    {
        var data = new Dictionary<string, string>();
        foreach (var field in (ReadOnlySpan<int>)[Page, Referrer])
        {
            if (fields[field].Length > 0)
            {
                data.Add(Fields[field].Name, fields[field]);
            }
        }
        return new(
            Guid.CreateVersion7(now),
            now.UtcDateTime.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
            JsonSerializer.Serialize(data, VisitorJson.Default.DictionaryStringString));
    }
}
