using System.Collections;
using System.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace Platform.ServiceDefaults.Correlation;

internal sealed class CorrelationIdMiddleware(RequestDelegate next, ILogger<CorrelationIdMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var activity = context.Features.Get<IHttpActivityFeature>()?.Activity ?? Activity.Current;
        // The trace id is there already, is unique, and finds the trace.
        var id = CorrelationId.FromClient(context.Request.Headers[CorrelationId.HeaderName])
            ?? activity?.TraceId.ToHexString()
            ?? Guid.NewGuid().ToString("N");
        context.Request.Headers[CorrelationId.HeaderName] = id;
        if (activity is { IsAllDataRequested: true })
        {
            activity.SetTag("correlation.id", id);
        }
        var scope = new Scope(context.Response, id);
        // As the response starts, since the exception handler clears headers and a proxied response brings its own.
        context.Response.OnStarting(Scope.Echo, scope);
        using (logger.BeginScope(scope))
        {
            await next(context);
        }
    }

    /// <summary>One object a request: the log scope and the state of the callback.</summary>
    private sealed class Scope(HttpResponse response, string id) : IReadOnlyList<KeyValuePair<string, object?>>
    {
        public static readonly Func<object, Task> Echo = static state => ((Scope)state).EchoAsync();

        public int Count => 1;

        public KeyValuePair<string, object?> this[int index] =>
            index == 0 ? new("CorrelationId", id) : throw new ArgumentOutOfRangeException(nameof(index));

        public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
        {
            yield return this[0];
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

        public override string ToString() => $"CorrelationId:{id}";

        private Task EchoAsync()
        {
            response.Headers[CorrelationId.HeaderName] = id;
            return Task.CompletedTask;
        }
    }
}
