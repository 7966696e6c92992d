using OpenTelemetry.Trace;

namespace Platform.ServiceDefaults.Telemetry;

/// <summary>
/// Samples every trace that begins here, up to so many a second: who looks for one request finds it, and a flood costs no more than that.
/// </summary>
internal sealed class RateLimitedSampler(int perSecond, TimeProvider time) : Sampler
{
    // The second in the upper bits, how many were sampled in it in the lower ones.
    private const int CountBits = 24;
    private const long CountMask = (1L << CountBits) - 1;

    private static readonly SamplingResult Sampled = new(SamplingDecision.RecordAndSample);
    private static readonly SamplingResult Dropped = new(SamplingDecision.Drop);

    private long _window;

    public override SamplingResult ShouldSample(in SamplingParameters samplingParameters)
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        while (true)
        {
            var window = Interlocked.Read(ref _window);
            var count = window >> CountBits == second ? window & CountMask : 0;
            if (count >= perSecond)
            {
                return Dropped;
            }

            if (Interlocked.CompareExchange(ref _window, (second << CountBits) | (count + 1), window) == window)
            {
                return Sampled;
            }
        }
    }
}
