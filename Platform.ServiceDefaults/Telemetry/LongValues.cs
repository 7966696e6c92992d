using System.Diagnostics;
using OpenTelemetry;
using OpenTelemetry.Logs;

namespace Platform.ServiceDefaults.Telemetry;

/// <summary>
/// Cuts what is long before it waits in the queue of an exporter. The exporter cuts attributes as well, and what it sends; while the
/// collector is away, what waits is held as it is here.
/// </summary>
internal static class LongValues
{
    public static string Cut(string value, int limit) => value.Length > limit ? string.Concat(value.AsSpan(0, limit - 1), "…") : value;

    /// <summary>The message and the attributes of log records.</summary>
    internal sealed class OfLogs(int limit) : BaseProcessor<LogRecord>
    {
        public override void OnEnd(LogRecord data)
        {
            if (data.FormattedMessage is { } message)
            {
                data.FormattedMessage = Cut(message, limit);
            }
            if (data.Body is { } body)
            {
                data.Body = Cut(body, limit);
            }
            if (data.Attributes is { } attributes && attributes.Any(attribute => IsLong(attribute.Value, limit)))
            {
                data.Attributes = [.. attributes.Select(attribute =>
                    attribute.Value is string value ? new(attribute.Key, Cut(value, limit)) : attribute)];
            }
        }
    }

    /// <summary>The attributes and the status of spans.</summary>
    internal sealed class OfSpans(int limit) : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            List<KeyValuePair<string, object?>>? cut = null;
            foreach (ref readonly var attribute in data.EnumerateTagObjects())
            {
                if (IsLong(attribute.Value, limit))
                {
                    (cut ??= []).Add(new(attribute.Key, Cut((string)attribute.Value!, limit)));
                }
            }
            cut?.ForEach(attribute => data.SetTag(attribute.Key, attribute.Value));
            if (data.StatusDescription is { } description && IsLong(description, limit))
            {
                data.SetStatus(data.Status, Cut(description, limit));
            }
        }
    }

    private static bool IsLong(object? value, int limit) => value is string { Length: var length } && length > limit;
}
