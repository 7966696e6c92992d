using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json;
using Platform.Edge.Logging;
using Platform.ServiceDefaults.Telemetry;

namespace Platform.Edge.Routing;

/// <summary>
/// Leads the trace of a request on to the server behind the edge, with a span of that request where the trace is recorded (OpenTelemetry's
/// semantic conventions for HTTP clients). The runtime's own handler makes one in every request, recorded or not: a tenth of what the edge
/// costs.
/// </summary>
internal sealed class ReplicaSpans(HttpMessageHandler handler) : DelegatingHandler(handler)
{
    private static readonly ActivitySource Source = new(Telemetry.MeterName);

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var current = Activity.Current;
        if (current is { Recorded: true })
        {
            return SendRecordedAsync(request, cancellationToken);
        }

        Propagate(current, request);
        return base.SendAsync(request, cancellationToken);
    }

    private async Task<HttpResponseMessage> SendRecordedAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var method = AccessLog.Known(request.Method.Method);
        using var span = Source.StartActivity(method ?? "HTTP", ActivityKind.Client);
        Propagate(Activity.Current, request);
        if (span is not null && request.RequestUri is { } uri)
        {
            span.SetTag("http.request.method", method ?? "_OTHER");
            span.SetTag("server.address", uri.Host);
            span.SetTag("server.port", uri.Port);
            span.SetTag("url.full", uri.GetLeftPart(UriPartial.Authority) + SecretPaths.Mask(uri.AbsolutePath));
        }

        try
        {
            var response = await base.SendAsync(request, cancellationToken);
            var status = (int)response.StatusCode;
            span?.SetTag("http.response.status_code", status);
            if (status >= StatusCodes.Status400BadRequest)
            {
                Fail(span, status.ToString(CultureInfo.InvariantCulture));
            }

            return response;
        }
        catch (Exception exception)
        {
            Fail(span, exception is HttpRequestException { HttpRequestError: not HttpRequestError.Unknown and var error }
                ? JsonNamingPolicy.SnakeCaseLower.ConvertName(error.ToString())
                : exception.GetType().FullName!);
            throw;
        }
    }

    private static void Fail(Activity? span, string type)
    {
        span?.SetTag("error.type", type);
        span?.SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Puts the span's context in place of that which the client may have sent.</summary>
    private static void Propagate(Activity? activity, HttpRequestMessage request)
    {
        if (activity is null)
        {
            return;
        }

        var propagator = DistributedContextPropagator.Current;
        foreach (var field in propagator.Fields)
        {
            request.Headers.Remove(field);
        }

        propagator.Inject(activity, request.Headers, static (headers, name, value) =>
            ((HttpRequestHeaders)headers!).TryAddWithoutValidation(name, value));
    }
}
