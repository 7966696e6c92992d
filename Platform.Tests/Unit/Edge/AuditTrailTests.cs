using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Platform.Edge.Authentication;
using Platform.Tests.Edge.Authentication;

namespace Platform.Tests.Unit.Edge;

public sealed class AuditTrailTests
{
    [Fact]
    public void Entries_that_find_the_queue_full_are_counted_and_nobody_waits()
    {
        var dropped = 0L;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, counts) =>
        {
            if (instrument.Name == "edge_audit_dropped_total")
            {
                counts.EnableMeasurementEvents(instrument);
            }
        };
        listener.SetMeasurementEventCallback<long>((_, count, _, _) => dropped += count);
        listener.Start();
        using var services = new ServiceCollection()
            .AddLogging()
            .AddMetrics()
            .AddHttpClient()
            .AddSingleton(TimeProvider.System)
            .Configure<SignInOptions>(options => typeof(SignInOptions).GetProperty(nameof(SignInOptions.ApiTokenKey))!
                .SetValue(options, SignInEdge.ApiTokenKey))
            .AddSingleton<Sessions>()
            .AddSingleton<AccessMetrics>()
            .AddSingleton<ApiTokens>()
            .AddSingleton<AuditTrail>()
            .BuildServiceProvider();
        // It is not started: nothing is taken out, as while the API does not answer.
        var trail = services.GetRequiredService<AuditTrail>();
        for (var entry = 0; entry < 1000; entry++)
        {
            trail.Failed(new DefaultHttpContext(), "admin");
        }

        Assert.Equal(0, dropped);
        for (var entry = 0; entry < 40; entry++)
        {
            trail.Failed(new DefaultHttpContext(), "admin");
        }

        Assert.Equal(40, dropped);
    }
}
