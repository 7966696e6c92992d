using System.Diagnostics.Metrics;
using Microsoft.Extensions.Options;

namespace Platform.Api.Contacts;

/// <summary>
/// The counters <c>contact_submissions_total{source,service}</c> and <c>contact_spam_total{reason}</c>. What clients send is a label only
/// when it is on a list.
/// </summary>
internal sealed class ContactMetrics : IDisposable
{
    private const string Other = "other";

    private readonly HashSet<string> _sources;
    private readonly HashSet<string> _services;
    private readonly Meter _meter;
    private readonly Counter<long> _submissions;
    private readonly Counter<long> _spam;

    public ContactMetrics(IMeterFactory meters, IOptions<ContactOptions> options)
    {
        _sources = [ContactFields.All[ContactFields.Source].Default, .. options.Value.MeasuredSources];
        _services = [ContactFields.All[ContactFields.Service].Default, .. options.Value.MeasuredServices];
        _meter = meters.Create(Telemetry.MeterName);
        // The exporter for Prometheus appends _total.
        _submissions = _meter.CreateCounter<long>("contact_submissions", description: "Contact submissions that are in the database.");
        _spam = _meter.CreateCounter<long>("contact_spam", description: "Submissions of the contact form that were no person's.");
        foreach (var source in _sources.Append(Other))
        {
            foreach (var service in _services.Append(Other))
            {
                _submissions.Add(0, new("source", source), new("service", service));
            }
        }
        foreach (var reason in SpamGuard.Reasons)
        {
            _spam.Add(0, new KeyValuePair<string, object?>("reason", reason));
        }
    }

    public void Submitted(string source, string service) => _submissions.Add(
        1,
        new("source", _sources.TryGetValue(source, out var knownSource) ? knownSource : Other),
        new("service", _services.TryGetValue(service, out var knownService) ? knownService : Other));

    public void Spam(string reason) => _spam.Add(1, new KeyValuePair<string, object?>("reason", reason));

    public void Dispose() => _meter.Dispose();
}
