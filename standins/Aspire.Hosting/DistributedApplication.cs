// Stands in for the package Aspire.Hosting 13.5.4.

using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Dcp;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>The graph, built: it can be run.</summary>
public class DistributedApplication : IHost, IAsyncDisposable
{
    private readonly IHost _host;
    private readonly EntryPoint? _entryPoint;

    internal DistributedApplication(IHost host, EntryPoint? entryPoint)
    {
        _host = host;
        _entryPoint = entryPoint;
    }

    /// <inheritdoc/>
    public IServiceProvider Services => _host.Services;

    /// <summary>What state the resources are in.</summary>
    public ResourceNotificationService ResourceNotifications => Services.GetRequiredService<ResourceNotificationService>();

    /// <summary>Executes commands of resources.</summary>
    public ResourceCommandService ResourceCommands => Services.GetRequiredService<ResourceCommandService>();

    /// <summary>A builder for a command line.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => CreateBuilder(new DistributedApplicationOptions { Args = args });

    /// <summary>A builder.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(DistributedApplicationOptions options) => new DistributedApplicationBuilder(options);

    /// <summary>Starts the graph; returns when every resource is on its way.</summary>
    /// <exception cref="DistributedApplicationException">It cannot be started; the message is one line that says what to do.</exception>
    public async Task StartAsync(CancellationToken cancellationToken = default)
    {
        if (Services.GetRequiredService<IConfiguration>()["operation"] is { } operation && !operation.Equals("run", StringComparison.OrdinalIgnoreCase))
        {
            throw new DistributedApplicationException(
                $"--operation {operation} is not supported: this AppHost was built with the stand-in of Aspire.Hosting, which runs the graph and does not publish it.");
        }

        await _host.StartAsync(cancellationToken).ConfigureAwait(false);
        await Services.GetRequiredService<Orchestrator>().StartAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Stops every resource, those first that nothing depends on.</summary>
    public async Task StopAsync(CancellationToken cancellationToken = default)
    {
        Services.GetRequiredService<IHostApplicationLifetime>().StopApplication();
        await Services.GetRequiredService<Orchestrator>().StopAsync().ConfigureAwait(false);
        await _host.StopAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <summary>Runs until Ctrl+C, SIGTERM or the token.</summary>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        if (_entryPoint is not null)
        {
            // The test starts and stops the application; Main goes on when it is done.
            await _entryPoint.Finished.WaitAsync(cancellationToken).ConfigureAwait(false);
            return;
        }

        try
        {
            await StartAsync(cancellationToken).ConfigureAwait(false);
            await _host.WaitForStopRequestAsync(cancellationToken).ConfigureAwait(false);
            if (Services.GetRequiredService<Orchestrator>().DcpLost)
            {
                Environment.ExitCode = 1;
            }
        }
        catch (OperationCanceledException) when (Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.IsCancellationRequested)
        {
            // Asked to stop while it was starting.
        }
        catch (DistributedApplicationException exception)
        {
            await Console.Error.WriteLineAsync(exception.Message).ConfigureAwait(false);
            Environment.ExitCode = 1;
        }
        finally
        {
            await StopAsync(CancellationToken.None).ConfigureAwait(false);
            await DisposeAsync().ConfigureAwait(false);
        }
    }

    /// <inheritdoc cref="RunAsync"/>
    public void Run() => RunAsync().GetAwaiter().GetResult();

    /// <inheritdoc/>
    public virtual async ValueTask DisposeAsync()
    {
        await Services.GetRequiredService<Orchestrator>().StopAsync().ConfigureAwait(false);
        _entryPoint?.Finish();
        await ((IAsyncDisposable)_host).DisposeAsync().ConfigureAwait(false);
        GC.SuppressFinalize(this);
    }

    /// <inheritdoc/>
    public virtual void Dispose()
    {
        DisposeAsync().AsTask().GetAwaiter().GetResult();
        GC.SuppressFinalize(this);
    }
}

internal static class HostExtensions
{
    /// <summary>Returns when the host was asked to stop.</summary>
    public static async Task WaitForStopRequestAsync(this IHost host, CancellationToken cancellationToken)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = host.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping.Register(asked.SetResult);
        await asked.Task.WaitAsync(cancellationToken).ConfigureAwait(false);
    }
}
