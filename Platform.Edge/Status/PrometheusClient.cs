using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Microsoft.AspNetCore.WebUtilities;
using Polly;

namespace Platform.Edge.Status;

/// <summary>
/// Prometheus' HTTP API (https://prometheus.io/docs/prometheus/latest/querying/api/), below the prefix that it is served under. An answer has
/// 1 MiB at most and is read as a whole or not at all.
/// </summary>
internal sealed class PrometheusClient(IHttpClientFactory clients, IConfiguration configuration)
{
    /// <summary>Its name in service discovery.</summary>
    public const string Name = "prometheus";

    /// <summary>The most bytes that an answer may have.</summary>
    public const int LargestAnswer = 1024 * 1024;

    /// <summary>Whether there is one at all.</summary>
    public bool IsConfigured { get; } = !string.IsNullOrWhiteSpace(configuration[$"services:{Name}:http:0"]);

    /// <summary>The values of an expression at one time.</summary>
    /// <exception cref="PrometheusException">Prometheus does not answer as it should, or not in time.</exception>
    public async Task<IReadOnlyList<Series>> QueryAsync(string expression, DateTimeOffset at, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(
            QueryHelpers.AddQueryString("query", new Dictionary<string, string?> { ["query"] = expression, ["time"] = Seconds(at) }),
            PrometheusJson.Default.AnswerQueryData,
            cancellationToken);
        return [.. answer.Result.Select(series => new Series(series.Metric, series.Value is { } sample ? [sample] : []))];
    }

    /// <summary>The values of an expression at times that are <paramref name="step"/> apart.</summary>
    /// <inheritdoc cref="QueryAsync"/>
    public async Task<IReadOnlyList<Series>> QueryRangeAsync(
        string expression, DateTimeOffset from, DateTimeOffset to, TimeSpan step, CancellationToken cancellationToken)
    {
        var answer = await GetAsync(
            QueryHelpers.AddQueryString("query_range", new Dictionary<string, string?>
            {
                ["query"] = expression,
                ["start"] = Seconds(from),
                ["end"] = Seconds(to),
                ["step"] = step.TotalSeconds.ToString(CultureInfo.InvariantCulture),
            }),
            PrometheusJson.Default.AnswerQueryData,
            cancellationToken);
        return [.. answer.Result.Select(series => new Series(series.Metric, series.Values ?? []))];
    }

    /// <summary>The alerts that are firing.</summary>
    /// <inheritdoc cref="QueryAsync"/>
    public async Task<IReadOnlyList<FiringAlert>> AlertsAsync(CancellationToken cancellationToken)
    {
        var answer = await GetAsync("alerts", PrometheusJson.Default.AnswerAlertsData, cancellationToken);
        return
        [
            .. answer.Alerts.Where(alert => alert.State == "firing").Select(alert => new FiringAlert(
                alert.Labels.GetValueOrDefault("alertname", ""),
                alert.Labels.GetValueOrDefault("severity", ""),
                alert.Labels.GetValueOrDefault("category", ""),
                alert.Annotations.GetValueOrDefault("summary", ""),
                alert.ActiveAt)),
        ];
    }

    private static string Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private async Task<T> GetAsync<T>(
        string path, JsonTypeInfo<Answer<T>> type, CancellationToken cancellationToken) where T : class
    {
        try
        {
            using var client = clients.CreateClient(Name);
            // Within the largest size of an answer, which the client holds it to.
            return (await client.GetFromJsonAsync(path, type, cancellationToken))?.Data
                ?? throw new PrometheusException("The answer is empty.");
        }
        catch (Exception exception) when (
            exception is HttpRequestException or JsonException or IOException or ExecutionRejectedException or OperationCanceledException)
        {
            throw new PrometheusException(exception.Message, exception);
        }
    }

    internal sealed record Answer<T>(T? Data = null) where T : class;

    internal sealed record QueryData(IReadOnlyList<QueryResult> Result);

    internal sealed record QueryResult(IReadOnlyDictionary<string, string> Metric, Sample? Value = null, IReadOnlyList<Sample>? Values = null);

    internal sealed record AlertsData(IReadOnlyList<Alert> Alerts);

    internal sealed record Alert(
        IReadOnlyDictionary<string, string> Labels, IReadOnlyDictionary<string, string> Annotations, string State, DateTimeOffset ActiveAt);
}

/// <summary>Prometheus does not answer, not in time, or not as it should.</summary>
internal sealed class PrometheusException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Values of one set of labels, in the order of their times.</summary>
internal sealed record Series(IReadOnlyDictionary<string, string> Labels, IReadOnlyList<Sample> Samples);

/// <summary>A value at a time.</summary>
/// <param name="Time">In seconds since 1970.</param>
/// <param name="Value">Null where it is no number that can be shown: NaN or infinite.</param>
[JsonConverter(typeof(SampleConverter))]
internal readonly record struct Sample(double Time, double? Value);

/// <summary>An alert that is firing.</summary>
/// <param name="Name">The name of its rule.</param>
/// <param name="Severity"><c>critical</c>, <c>warning</c> or <c>info</c>.</param>
/// <param name="Category">What it is about, such as <c>database</c>.</param>
/// <param name="Summary">What is wrong, in a few words.</param>
/// <param name="Since">When its condition was true first.</param>
internal sealed record FiringAlert(string Name, string Severity, string Category, string Summary, DateTimeOffset Since);

/// <summary>Prometheus writes a sample as <c>[seconds, "value"]</c>.</summary>
internal sealed class SampleConverter : JsonConverter<Sample>
{
    public override Sample Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray
            || !reader.Read() || reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var time)
            || !reader.Read() || reader.TokenType != JsonTokenType.String
            || !double.TryParse(reader.GetString(), NumberStyles.Float, CultureInfo.InvariantCulture, out var value)
            || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
        {
            throw new JsonException("This is not a sample.");
        }

        return new Sample(time, double.IsFinite(value) ? value : null);
    }

    public override void Write(Utf8JsonWriter writer, Sample value, JsonSerializerOptions options) => throw new NotSupportedException();
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true)]
[JsonSerializable(typeof(PrometheusClient.Answer<PrometheusClient.QueryData>))]
[JsonSerializable(typeof(PrometheusClient.Answer<PrometheusClient.AlertsData>))]
internal sealed partial class PrometheusJson : JsonSerializerContext;
