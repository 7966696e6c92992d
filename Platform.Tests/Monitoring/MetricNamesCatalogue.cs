using System.Text.RegularExpressions;
using Platform.Tests.Fixtures;
using YamlDotNet.Serialization;
using RulesFile =
    System.Collections.Generic.Dictionary<string, System.Collections.Generic.List<System.Collections.Generic.Dictionary<string, object>>>;

namespace Platform.Tests.Monitoring;

/// <summary>A metric that exists.</summary>
internal sealed class KnownMetric
{
    /// <summary>The scrape jobs that have it; empty when any may.</summary>
    public HashSet<string> Jobs { get; } = [];

    /// <summary>Its labels with the values that were seen; none where values are not known.</summary>
    public Dictionary<string, HashSet<string>> Labels { get; } = [];

    /// <summary>Whether it only rises, so that <c>rate()</c> of it means something.</summary>
    public bool IsCounter { get; set; }

    /// <summary>Whether all values of its labels are there from the start, as those of a histogram are not.</summary>
    public bool HasAllValues { get; set; }
}

/// <summary>
/// The metrics that exist: those of a scrape, those of the lists in <c>exporters/</c>, and those that the recording rules make.
/// </summary>
internal sealed partial class MetricNamesCatalogue
{
    /// <summary>The labels that Prometheus gives to every target, and to those of the probes.</summary>
    private static readonly string[] TargetLabels = ["job", "instance"];

    private static readonly string[] ProbeLabels = ["kind", "module", "target"];

    private readonly Dictionary<string, KnownMetric> _metrics = [];

    public static string RulesDirectory { get; } = Path.Combine(Repository.Root, "Platform.AppHost", "Prometheus", "rules");

    private static string ExportersDirectory { get; } = Path.Combine(Repository.Root, "Platform.Tests", "Monitoring", "exporters");

    public KnownMetric? this[string name] => _metrics.GetValueOrDefault(name);

    /// <summary>All rules of the repository: an alert, or the name of what is recorded.</summary>
    public static IEnumerable<(string File, string? Record, string? Alert, string Expression)> Rules() =>
        from file in Directory.GetFiles(RulesDirectory, "*.yaml").Order(StringComparer.Ordinal)
        from @group in new DeserializerBuilder().Build().Deserialize<RulesFile>(File.ReadAllText(file))["groups"]
        from Dictionary<object, object> rule in (List<object>)@group["rules"]
        let record = rule.GetValueOrDefault("record") as string
        let alert = rule.GetValueOrDefault("alert") as string
        select (Path.GetFileName(file), record, alert, (string)rule["expr"]);

    /// <summary>Every list begins with a line that says whose metrics these are.</summary>
    public static IEnumerable<(string Job, string[] Lines)> ExporterLists() =>
        from file in Directory.GetFiles(ExportersDirectory, "*.txt").Order(StringComparer.Ordinal)
        select (Path.GetFileNameWithoutExtension(file), File.ReadAllLines(file));

    /// <summary>The metrics whose names are, as a whole, of the pattern.</summary>
    public IEnumerable<KnownMetric> Matching(string pattern)
    {
        var whole = new Regex($"^(?:{pattern})$", RegexOptions.None, TimeSpan.FromSeconds(1));
        return _metrics.Where(metric => whole.IsMatch(metric.Key)).Select(metric => metric.Value);
    }

    public void AddScrape(string job, string exposition)
    {
        var types = TypeLine().Matches(exposition).ToDictionary(line => line.Groups[1].Value, line => line.Groups[2].Value);
        foreach (Match sample in Sample().Matches(exposition))
        {
            var name = sample.Groups[1].Value;
            var type = types.GetValueOrDefault(name) ?? types[Part().Replace(name, "")];
            var metric = Add(name, job, TargetLabels);
            metric.IsCounter |= type is "counter" or "histogram";
            metric.HasAllValues |= type is not "histogram";
            foreach (Match label in Label().Matches(sample.Groups[2].Value))
            {
                metric.Labels.TryAdd(label.Groups[1].Value, []);
                metric.Labels[label.Groups[1].Value].Add(label.Groups[2].Value);
            }
        }
    }

    public void AddExporters()
    {
        foreach (var (exporter, lines) in ExporterLists())
        {
            foreach (var line in lines.Skip(1).Select(line => ListLine().Match(line)))
            {
                var name = line.Groups[1].Value;
                // What Prometheus makes of every scrape and every alert is of all jobs.
                var job = exporter switch
                {
                    "prometheus" when !name.StartsWith("prometheus_", StringComparison.Ordinal) => null,
                    "blackbox" => "probe",
                    _ => exporter,
                };
                var labels = line.Groups[2].Value.Split(',', StringSplitOptions.RemoveEmptyEntries);
                var metric = Add(name, job, [.. TargetLabels, .. job is null or "probe" ? ProbeLabels : [], .. labels]);
                metric.IsCounter = line.Groups[3].Value == "counter";
            }
        }
    }

    /// <summary>What the rules record, with the labels that their expressions leave; comes last, since they are of other metrics.</summary>
    public void AddRecorded()
    {
        foreach (var (_, record, _, text) in Rules().Where(rule => rule.Record is not null))
        {
            var expression = new MetricNamesExpression(text);
            var labels = expression.Aggregates
                ? expression.Grouping.Where(label => label != "le")
                : expression.Selectors.SelectMany(selector => this[selector.Metric]?.Labels.Keys ?? Enumerable.Empty<string>());
            Add(record!, job: null, [.. labels]);
        }
    }

    private KnownMetric Add(string name, string? job, params IEnumerable<string> labels)
    {
        if (!_metrics.TryGetValue(name, out var metric))
        {
            _metrics[name] = metric = new();
        }

        if (job is not null)
        {
            metric.Jobs.Add(job);
        }

        foreach (var label in labels)
        {
            metric.Labels.TryAdd(label, []);
        }

        return metric;
    }

    [GeneratedRegex(@"^# TYPE (\S+) (\S+)$", RegexOptions.Multiline)]
    private static partial Regex TypeLine();

    [GeneratedRegex(@"^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$", RegexOptions.Multiline)]
    private static partial Regex Sample();

    [GeneratedRegex("""(\w+)="((?:[^"\\]|\\.)*)"[,]?""")]
    private static partial Regex Label();

    [GeneratedRegex("_(bucket|sum|count)$")]
    private static partial Regex Part();

    [GeneratedRegex(@"^(\w+)(?:\{([\w,]+)\})? (counter|gauge)$")]
    private static partial Regex ListLine();
}
