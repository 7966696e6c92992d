using System.Net.Http.Headers;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using Platform.ServiceDefaults.Correlation;
using Polly;

namespace Platform.Edge.Authentication;

/// <summary>What is told about signing in, as the API takes it at POST /admin/audit.</summary>
internal sealed record AuditEvent(
    string Action,
    string Actor,
    string Subject,
    IReadOnlyDictionary<string, string> Details,
    DateTimeOffset At,
    [property: JsonIgnore] string CorrelationId);

/// <summary>
/// Tells who signed in and out, and who could not: one line in the log under the category <c>Audit</c>, at once, and a row in the API's audit
/// log as soon as the API takes it. Nobody waits for that; while the API is away a bounded number is kept, the newest first to be left out,
/// which is counted.
/// </summary>
internal sealed partial class AuditTrail(
    IHttpClientFactory clients, ApiTokens tokens, AccessMetrics metrics, TimeProvider time, ILoggerFactory loggers, ILogger<AuditTrail> logger)
    : BackgroundService
{
    public const string Category = "Audit";
    public const string Nobody = "public";

    private const int Kept = 1000;

    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    private readonly ILogger _log = loggers.CreateLogger(Category);
    private readonly Channel<AuditEvent> _queue = Channel.CreateBounded<AuditEvent>(
        new BoundedChannelOptions(Kept) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true }, _ => metrics.AuditDropped());

    /// <summary>Somebody signed in.</summary>
    public void SignedIn(HttpContext context, string name, string role, string method)
    {
        metrics.SignIn(SignInOutcome.Success);
        Record(context, "session.started", $"user:{name}", $"user:{name}", ("role", role), ("method", method));
    }

    /// <summary>Somebody signed out.</summary>
    public void SignedOut(HttpContext context, string name) => Record(context, "session.ended", $"user:{name}", $"user:{name}");

    /// <summary>The name or the password was wrong.</summary>
    /// <param name="context">The request.</param>
    /// <param name="name">The name of the account, or that it is none.</param>
    public void Failed(HttpContext context, string name)
    {
        metrics.SignIn(SignInOutcome.Failure);
        Record(context, "sign_in.failed", Nobody, $"user:{name}");
    }

    /// <summary>The address has to wait.</summary>
    /// <inheritdoc cref="Failed"/>
    public void Locked(HttpContext context, string name, TimeSpan wait)
    {
        metrics.SignIn(SignInOutcome.LockedOut);
        Record(context, "sign_in.locked", Nobody, $"user:{name}", ("wait", $"{wait.TotalSeconds:0} s"));
    }

    /// <summary>The provider knows the person, who has no role here.</summary>
    public void Refused(HttpContext context, string name)
    {
        metrics.SignIn(SignInOutcome.Failure);
        Record(context, "sign_in.refused", Nobody, $"user:{name}");
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await foreach (var entry in _queue.Reader.ReadAllAsync(stoppingToken))
        {
            for (var delay = FirstDelay; !await TrySendAsync(entry, stoppingToken); delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay)
            {
                await Task.Delay(delay, time, stoppingToken);
            }
        }
    }

    private void Record(HttpContext context, string action, string actor, string subject, params (string Name, string Value)[] more)
    {
        var client = context.Connection.RemoteIpAddress?.ToString() ?? "unknown";
        var details = new Dictionary<string, string> { ["client"] = client };
        foreach (var (name, value) in more)
        {
            details[name] = value;
        }

        var correlationId = context.GetCorrelationId();
        var others = string.Concat(more.Select(detail => $", {detail.Name} {detail.Value}"));
        LogEvent(_log, action, subject, client, others, correlationId);
        if (tokens.IsConfigured)
        {
            _queue.Writer.TryWrite(new AuditEvent(action, actor, subject, details, time.GetUtcNow(), correlationId));
        }
    }

    /// <summary>Whether the entry is done with: written, or refused for good.</summary>
    private async Task<bool> TrySendAsync(AuditEvent entry, CancellationToken stoppingToken)
    {
        try
        {
            using var client = clients.CreateClient(Category);
            using var request = new HttpRequestMessage(HttpMethod.Post, "/admin/audit")
            {
                Content = JsonContent.Create(entry, AuditEventJson.Default.AuditEvent),
            };
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", tokens.ForAudit());
            request.Headers.TryAddWithoutValidation(CorrelationId.HeaderName, entry.CorrelationId);
            using var answer = await client.SendAsync(request, stoppingToken);
            if (answer.IsSuccessStatusCode)
            {
                return true;
            }

            var isFinal = (int)answer.StatusCode is >= 400 and < 500
                and not (StatusCodes.Status408RequestTimeout or StatusCodes.Status429TooManyRequests);
            LogNotWritten(logger, entry.Action, (int)answer.StatusCode, isFinal ? "it is in this log only" : "it is tried again");
            if (isFinal)
            {
                metrics.AuditDropped();
            }

            return isFinal;
        }
        catch (Exception exception) when (
            exception is HttpRequestException or ExecutionRejectedException or OperationCanceledException && !stoppingToken.IsCancellationRequested)
        {
            LogAway(logger, entry.Action, exception.Message);
            return false;
        }
    }

    [LoggerMessage(
        EventName = "Audit",
        Level = LogLevel.Information,
        Message = "{action}: {subject} from {client}{details}, correlation {correlation_id}")]
    private static partial void LogEvent(ILogger logger, string action, string subject, string client, string details, string correlation_id);

    [LoggerMessage(LogLevel.Warning, "The API answered {Status} to the audit entry {Action}: {Consequence}", EventName = "AuditEntryNotTaken")]
    private static partial void LogNotWritten(ILogger logger, string action, int status, string consequence);

    [LoggerMessage(
        LogLevel.Warning, "The API has not taken the audit entry {Action}, which is tried again: {Reason}", EventName = "AuditEntryDelayed")]
    private static partial void LogAway(ILogger logger, string action, string reason);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(AuditEvent))]
internal sealed partial class AuditEventJson : JsonSerializerContext;
