using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Platform.Tests.Observability;

/// <summary>How a collector behaves.</summary>
internal enum Collector
{
    Takes,

    /// <summary>Answers 503 to everything.</summary>
    Refuses,

    /// <summary>Reads, and never answers.</summary>
    Hangs,
}

/// <summary>A collector that keeps what it was sent (OTLP over HTTP, in protobuf).</summary>
internal sealed class OtlpReceiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> _bodies = new();
    private readonly CancellationTokenSource _end = new();

    private OtlpReceiver(WebApplication app) => _app = app;

    public string Url => _app.Urls.Single();

    public Dictionary<string, string?> Settings => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = Url,
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["Logging:LogLevel:Default"] = "Information",
    };

    /// <summary>The same for a process, which exports every moment.</summary>
    public (string Name, string Value)[] Environment =>
    [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", Url),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_BSP_SCHEDULE_DELAY", "100"),
        ("OTEL_BLRP_SCHEDULE_DELAY", "100"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "200"),
    ];

    public IReadOnlyCollection<(string Path, byte[] Body)> Bodies => _bodies;

    public static async Task<OtlpReceiver> StartAsync(Collector collector = Collector.Takes)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromMilliseconds(200));
        var app = builder.Build();
        var receiver = new OtlpReceiver(app);
        app.MapPost("/v1/{signal}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            receiver._bodies.Enqueue((context.Request.Path, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf";
            context.Response.StatusCode = collector == Collector.Refuses ? 503 : 200;
            if (collector == Collector.Hangs)
            {
                await Task.Delay(Timeout.Infinite, receiver._end.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }
        });
        await app.StartAsync();
        return receiver;
    }

    // Strings and ids are in protobuf as they are.
    public bool Has(string path, byte[] content) => Bodies.Any(body => body.Path == path && body.Body.AsSpan().IndexOf(content) >= 0);

    public bool Has(string path, string content) => Has(path, Encoding.UTF8.GetBytes(content));

    public bool HasAny(string path) => Bodies.Any(body => body.Path == path);

    /// <summary>All spans that have come.</summary>
    public List<OtlpSpan> Spans() =>
    [
        .. from body in Bodies
           where body.Path == "/v1/traces"
           from resource in Protobuf.Messages(body.Body, 1)
           let service = Protobuf.Messages(resource, 1).SelectMany(Protobuf.Attributes).First(attribute => attribute.Key == "service.name").Value
           from scope in Protobuf.Messages(resource, 2)
           from span in Protobuf.Messages(scope, 2)
           select new OtlpSpan(
               service,
               Protobuf.Text(span, 5),
               Convert.ToHexStringLower(Protobuf.Bytes(span, 1)),
               Convert.ToHexStringLower(Protobuf.Bytes(span, 2)),
               Convert.ToHexStringLower(Protobuf.Bytes(span, 4)),
               Protobuf.Messages(span, 9).ToDictionary(Protobuf.Key, Protobuf.Value)),
    ];

    /// <summary>All log records that have come.</summary>
    public List<OtlpLog> Logs() =>
    [
        .. from body in Bodies
           where body.Path == "/v1/logs"
           from resource in Protobuf.Messages(body.Body, 1)
           from scope in Protobuf.Messages(resource, 2)
           from record in Protobuf.Messages(scope, 2)
           select new OtlpLog(
               Protobuf.Text(record, 12),
               Protobuf.Messages(record, 5).Select(value => Protobuf.Text(value, 1)).FirstOrDefault() ?? "",
               [.. Protobuf.Messages(record, 6).Select(attribute => new KeyValuePair<string, string>(Protobuf.Key(attribute), Protobuf.Value(attribute)))]),
    ];

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        await _app.DisposeAsync();
        _end.Dispose();
    }

    /// <summary>The few fields of opentelemetry-proto that are looked at, by their numbers.</summary>
    private static class Protobuf
    {
        public static IEnumerable<byte[]> Messages(byte[] message, int field)
        {
            for (var position = 0; position < message.Length;)
            {
                var tag = Varint(message, ref position);
                switch (tag & 7)
                {
                    case 0:
                        Varint(message, ref position);
                        break;
                    case 1:
                        position += 8;
                        break;
                    case 5:
                        position += 4;
                        break;
                    default:
                        var length = (int)Varint(message, ref position);
                        if ((int)(tag >> 3) == field)
                        {
                            yield return message[position..(position + length)];
                        }
                        position += length;
                        break;
                }
            }
        }

        public static byte[] Bytes(byte[] message, int field) => Messages(message, field).FirstOrDefault() ?? [];

        public static string Text(byte[] message, int field) => Encoding.UTF8.GetString(Bytes(message, field));

        public static IEnumerable<KeyValuePair<string, string>> Attributes(byte[] resource) =>
            Messages(resource, 1).Select(attribute => new KeyValuePair<string, string>(Key(attribute), Value(attribute)));

        public static string Key(byte[] attribute) => Text(attribute, 1);

        /// <summary>Of a text or a whole number; others are not looked at.</summary>
        public static string Value(byte[] attribute)
        {
            const byte WholeNumber = 3 << 3;
            var value = Bytes(attribute, 2);
            var position = 1;
            return value is [WholeNumber, ..]
                ? Varint(value, ref position).ToString(CultureInfo.InvariantCulture)
                : Text(value, 1);
        }

        private static ulong Varint(byte[] message, ref int position)
        {
            var value = 0UL;
            for (var shift = 0; ; shift += 7)
            {
                var part = message[position++];
                value |= (ulong)(part & 0x7F) << shift;
                if (part < 0x80)
                {
                    return value;
                }
            }
        }
    }
}

/// <summary>A span as it was exported.</summary>
internal sealed record OtlpSpan(
    string Service, string Name, string TraceId, string SpanId, string ParentId, IReadOnlyDictionary<string, string> Attributes);

/// <summary>A log record as it was exported.</summary>
internal sealed record OtlpLog(string EventName, string Body, IReadOnlyList<KeyValuePair<string, string>> Attributes);
