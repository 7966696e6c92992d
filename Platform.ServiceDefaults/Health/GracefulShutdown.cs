using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Platform.ServiceDefaults.Health;

/// <summary>
/// A stopping service says so on its readiness probe, serves on for <c>Shutdown:DrainDelay</c> so that whoever balances load notices, then
/// accepts no more and finishes what it has, for up to 30 s. The telemetry providers flush when the host disposes them.
/// </summary>
internal static class GracefulShutdown
{
    public static void AddGracefulShutdown(this IServiceCollection services)
    {
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(30));
        services.AddHostedService<Drain>();
    }

    private sealed class Drain(IHostApplicationLifetime lifetime, IConfiguration configuration, TimeProvider time) : IHostedLifecycleService
    {
        private readonly TimeSpan _delay = configuration.GetValue("Shutdown:DrainDelay", TimeSpan.Zero);

        public Task StoppingAsync(CancellationToken cancellationToken)
        {
            // Not yet so when the host is stopped by a call rather than by a signal.
            lifetime.StopApplication();
            return Task.Delay(_delay, time, cancellationToken);
        }

        public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
