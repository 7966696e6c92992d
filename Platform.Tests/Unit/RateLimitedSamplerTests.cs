using System.Diagnostics;
using FsCheck;
using FsCheck.Xunit;
using Microsoft.Extensions.Time.Testing;
using OpenTelemetry.Trace;
using Platform.ServiceDefaults.Telemetry;

namespace Platform.Tests.Unit;

public sealed class RateLimitedSamplerTests
{
    private static readonly SamplingParameters Root = new(default, ActivityTraceId.CreateRandom(), "GET /", ActivityKind.Server, null, null);

    [Property]
    public bool Every_trace_is_sampled_up_to_the_limit_of_each_second(PositiveInt limit, PositiveInt offered)
    {
        var time = new FakeTimeProvider();
        var sampler = new RateLimitedSampler(limit.Get, time);
        for (var second = 0; second < 3; second++)
        {
            if (Sampled(sampler, offered.Get) != Math.Min(limit.Get, offered.Get))
            {
                return false;
            }

            time.Advance(TimeSpan.FromSeconds(1));
        }

        return true;
    }

    [Fact]
    public async Task Threads_together_get_no_more_than_one_alone()
    {
        var sampler = new RateLimitedSampler(1000, new FakeTimeProvider());
        var sampled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => Sampled(sampler, 1000))));
        Assert.Equal(1000, sampled.Sum());
    }

    private static int Sampled(RateLimitedSampler sampler, int offered) =>
        Enumerable.Range(0, offered).Count(_ => sampler.ShouldSample(Root).Decision == SamplingDecision.RecordAndSample);
}
