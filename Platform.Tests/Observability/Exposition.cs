using System.Globalization;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Observability;

/// <summary>A line of what Prometheus scrapes.</summary>
internal sealed record Sample(string Name, IReadOnlyDictionary<string, string> Labels, double Value);

/// <summary>Reads what a service says to Prometheus.</summary>
internal static partial class Exposition
{
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    /// <summary>All samples, or those of one name.</summary>
    public static List<Sample> Read(string text, string? name = null) =>
    [
        .. from line in text.Split('\n')
           let match = Line().Match(line)
           where match.Success && (name is null || match.Groups["name"].Value == name)
           select new Sample(
               match.Groups["name"].Value,
               Label().Matches(match.Groups["labels"].Value).ToDictionary(label => label.Groups[1].Value, label => label.Groups[2].Value),
               double.Parse(match.Groups["value"].Value, CultureInfo.InvariantCulture)),
    ];

    public static async Task<List<Sample>> ScrapeAsync(this ServiceProcess service, string? name = null) =>
        Read(await service.Management.GetStringAsync("/metrics"), name);

    /// <summary>The same in the format that has exemplars.</summary>
    public static async Task<string> OpenMetricsAsync(this ServiceProcess service)
    {
        using var scrape = new HttpRequestMessage(HttpMethod.Get, "/metrics");
        scrape.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse("application/openmetrics-text;version=1.0.0"));
        using var answer = await service.Management.SendAsync(scrape);
        return await answer.Content.ReadAsStringAsync();
    }

    /// <summary>The sum of the samples of this name that have these labels; null when there are none.</summary>
    public static async Task<double?> ValueAsync(this ServiceProcess service, string name, params (string Name, string Value)[] labels)
    {
        var samples = (await service.ScrapeAsync(name))
            .Where(sample => labels.All(label => sample.Labels.GetValueOrDefault(label.Name) == label.Value)).ToList();
        return samples.Count == 0 ? null : samples.Sum(sample => sample.Value);
    }

    /// <inheritdoc cref="MeasuresAsync(ServiceProcess, Predicate{double?}, string, ValueTuple{string, string}[])"/>
    public static Task MeasuresAsync(this ServiceProcess service, double expected, string name, params (string Name, string Value)[] labels) =>
        service.MeasuresAsync(value => value == expected, name, labels);

    /// <summary>Waits until the value is as expected: some are counted a moment after the answer, or read every few seconds.</summary>
    public static async Task MeasuresAsync(
        this ServiceProcess service, Predicate<double?> expected, string name, params (string Name, string Value)[] labels)
    {
        double? last = null;
        for (var start = TimeProvider.System.GetTimestamp(); TimeProvider.System.GetElapsedTime(start) < Patience;)
        {
            last = await service.ValueAsync(name, labels);
            if (expected(last))
            {
                return;
            }
            await Task.Delay(100);
        }
        Assert.Fail($"{name}{{{string.Join(',', labels)}}} is {last?.ToString(CultureInfo.InvariantCulture) ?? "not there"}\n{service.Log}");
    }

    [GeneratedRegex("""^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>[^ ]+)( |$)""")]
    private static partial Regex Line();

    [GeneratedRegex("""([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)""")]
    private static partial Regex Label();
}
