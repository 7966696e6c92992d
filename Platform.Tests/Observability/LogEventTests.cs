using System.Reflection;
using Microsoft.Extensions.Logging;
using Platform.ServiceDefaults.Correlation;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Observability;

/// <summary>The names of log events, by which operators look for them: those of docs/metrics.md are there, and each is one event's.</summary>
public sealed class LogEventTests
{
    private static readonly Assembly[] Assemblies =
        [typeof(Platform.Api.Telemetry).Assembly, typeof(Platform.Edge.Telemetry).Assembly, typeof(CorrelationId).Assembly];

    [Fact]
    public void Each_event_has_a_name_that_no_other_in_its_assembly_has()
    {
        Assert.All(Assemblies, assembly =>
        {
            var names = EventsIn(assembly).Select(log => log.EventName ?? "").ToList();
            Assert.NotEmpty(names);
            Assert.Equal(names.Distinct().Order(StringComparer.Ordinal), names.Order(StringComparer.Ordinal));
            Assert.All(names, name => Assert.Matches("^[A-Z][A-Za-z]+$", name));
        });
    }

    [Fact]
    public void What_the_catalogue_says_of_events_is_so()
    {
        var catalogue = File.ReadAllLines(Path.Combine(Repository.Root, "docs", "metrics.md"))
            .SkipWhile(line => line != "## Log events").Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('|')).Select(cells => $"{cells[1].Trim(' ', '`')} {cells[2].Trim()}").ToList();
        Assert.NotEmpty(catalogue);
        // One whose caller chooses the level has none here.
        var events = Assemblies.SelectMany(EventsIn)
            .Select(log => log.Level == LogLevel.None ? $"{log.EventName} varies" : $"{log.EventName} {log.Level}").ToHashSet();
        Assert.All(catalogue, entry => Assert.Contains(entry, events));
    }

    private static IEnumerable<LoggerMessageAttribute> EventsIn(Assembly assembly) =>
        from type in assembly.GetTypes()
        from method in type.GetMethods(
            BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly)
        let log = method.GetCustomAttribute<LoggerMessageAttribute>()
        where log is not null
        select log;
}
