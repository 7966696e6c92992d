using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;
using Platform.Edge.Authentication;
using Platform.Edge.Routing;
using Platform.Edge.Site;

namespace Platform.Edge.Limits;

/// <summary>
/// Refuses what is too much: a body that says it is too large (413), a client that asks too often or for too much at one time (429), and a
/// wrong API key on any path of the API (401). A good key is counted by itself; without one the client's address is counted, and so is
/// every wrong key.
/// </summary>
internal sealed class RequestLimits
{
    private static readonly TimeSpan Moment = TimeSpan.FromSeconds(1);

    private readonly RequestDelegate _next;
    private readonly ApiKeys _keys;
    private readonly Problem _problem;
    private readonly AccessMetrics _metrics;
    private readonly LimitsOptions _options;
    private readonly Counter<long> _refused;
    private readonly Buckets _writes;
    private readonly Buckets _reads;
    private readonly Buckets _site;
    private readonly Buckets _perKey;
    private readonly (PathRate Rule, Buckets Buckets)[] _paths;
    private readonly Concurrency _concurrent;
    private readonly Concurrency _concurrentPerKey;

    public RequestLimits(
        RequestDelegate next, ApiKeys keys, Problem problem, AccessMetrics metrics, IOptions<LimitsOptions> options, IMeterFactory meters,
        TimeProvider time)
    {
        _next = next;
        _keys = keys;
        _problem = problem;
        _metrics = metrics;
        _options = options.Value;
        _refused = meters.Create(Telemetry.MeterName).CreateCounter<long>(
            "edge_rate_limited_total", description: "Requests refused because their client asked too often, or for too much at one time.");
        _writes = new Buckets("writes", _options.Writes, _options.Buckets, time);
        _reads = new Buckets("reads", _options.Reads, _options.Buckets, time);
        _site = new Buckets("site", _options.Site, _options.Buckets, time);
        _perKey = new Buckets("keys", _options.Keys, _options.Buckets, time);
        _paths = [.. _options.Paths.Select(rule => (rule, new Buckets(rule.Path, new Rate(rule.PerSecond, rule.Burst), _options.Buckets, time)))];
        _concurrent = new Concurrency("concurrent", _options.Concurrent, _options.Buckets);
        _concurrentPerKey = new Concurrency("concurrent-keys", _options.ConcurrentPerKey, _options.Buckets);
        Buckets[] rates = [_writes, _reads, _site, _perKey, .. _paths.Select(path => path.Buckets)];
        foreach (var policy in (string[])[.. rates.Select(rate => rate.Policy), _concurrent.Policy, _concurrentPerKey.Policy])
        {
            _refused.Add(0, Tag(policy));
        }
    }

    public Task InvokeAsync(HttpContext context)
    {
        var route = context.GetEdgeRoute();
        var address = ClientAddress.Of(context.Connection.RemoteIpAddress);
        if (route is not null && context.Request.Headers.TryGetValue(ApiKeys.Header, out var key))
        {
            return WithKeyAsync(context, route, key.ToString(), address);
        }

        var buckets = route is null ? _site : ForAddress(context.Request);
        return buckets.TryTake(address, out var wait) ? Pass(context, route, _concurrent, address) : TooMany(context, buckets.Policy, wait);
    }

    private async Task WithKeyAsync(HttpContext context, EdgeRoute route, string key, ulong address)
    {
        var buckets = ForAddress(context.Request);
        var (concurrent, client) = (_concurrent, address);
        var wait = Moment;
        var hash = KeyHash.Of(key);
        var state = ApiKeys.IsPossible(key) ? _keys.Find(hash) : KeyState.Wrong;
        var paid = false;
        if (state == KeyState.Unknown)
        {
            state = await _keys.VerifyAsync(key, hash, () => paid = buckets.TryTake(address, out wait)).WaitAsync(context.RequestAborted);
        }

        if (state == KeyState.Good)
        {
            buckets = _perKey;
            (concurrent, client) = (_concurrentPerKey, hash.Client);
            paid = buckets.TryTake(client, out wait);
        }
        else if (state != KeyState.Refused)
        {
            paid = paid || buckets.TryTake(address, out wait);
        }

        await ((paid, state) switch
        {
            (false, _) => TooMany(context, buckets.Policy, wait),
            (_, KeyState.Wrong) => WrongKey(context),
            _ => Pass(context, route, concurrent, client),
        });
    }

    private Buckets ForAddress(HttpRequest request)
    {
        foreach (var (rule, buckets) in _paths)
        {
            if (request.Path.StartsWithSegments(rule.Path)
                && (rule.Method is null || string.Equals(rule.Method, request.Method, StringComparison.OrdinalIgnoreCase)))
            {
                return buckets;
            }
        }

        var writing = HttpMethods.IsPost(request.Method) || HttpMethods.IsPut(request.Method)
            || HttpMethods.IsPatch(request.Method) || HttpMethods.IsDelete(request.Method);
        return writing ? _writes : _reads;
    }

    private Task Pass(HttpContext context, EdgeRoute? route, Concurrency concurrent, ulong client)
    {
        if (route is { SmallBody: true })
        {
            // The server counts a body that does not say its size, and ends it at the limit.
            if (context.Request.ContentLength > _options.SmallBody)
            {
                return TooLarge(context, _options.SmallBody);
            }

            context.Features.Get<IHttpMaxRequestBodySizeFeature>()!.MaxRequestBodySize = _options.SmallBody;
        }
        else if (context.Request.ContentLength > _options.Body)
        {
            return TooLarge(context, _options.Body);
        }

        return CountedAsync(context, concurrent, client);
    }

    private async Task CountedAsync(HttpContext context, Concurrency concurrent, ulong client)
    {
        if (!concurrent.TryEnter(client))
        {
            await TooMany(context, concurrent.Policy, Moment);
            return;
        }

        try
        {
            await _next(context);
        }
        finally
        {
            concurrent.Leave(client);
        }
    }

    private Task TooLarge(HttpContext context, long limit) => _problem.WriteAsync(
        context, StatusCodes.Status413PayloadTooLarge, $"The body may have {limit} bytes at most.");

    private Task TooMany(HttpContext context, string policy, TimeSpan wait)
    {
        _refused.Add(1, Tag(policy));
        return _problem.WriteAsync(
            context, StatusCodes.Status429TooManyRequests, "Too many requests from this client. Wait a moment and try again.", wait);
    }

    private static KeyValuePair<string, object?> Tag(string policy) => new("policy", policy);

    private Task WrongKey(HttpContext context)
    {
        _metrics.Refused(Refusal.WrongKey);
        context.Response.Headers.WWWAuthenticate = "ApiKey";
        return _problem.WriteAsync(context, StatusCodes.Status401Unauthorized, "The API key is not valid.");
    }
}

internal static class RequestLimitsExtensions
{
    public static void AddLimits(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<LimitsOptions>().BindConfiguration("Limits")
            .Validate(options => options.IsValid(), "Limits: rates, bursts, sizes, numbers and times must be above 0, and paths begin with '/'.")
            .ValidateOnStart();
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ApiKeys>();
        builder.AddConnectionLimits();
    }

    public static void UseLimits(this WebApplication app) => app.UseMiddleware<RequestLimits>();
}
