// Stands in for the package Aspire.Hosting.Testing 13.5.4.

using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Testing;

/// <summary>Builds the graph of an AppHost for a test.</summary>
public interface IDistributedApplicationTestingBuilder : IDistributedApplicationBuilder, IAsyncDisposable
{
    /// <summary>Builds the application.</summary>
    Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default);
}

/// <summary>Builds the graph of an AppHost for a test.</summary>
public static class DistributedApplicationTestingBuilder
{
    /// <summary>Runs the Main of an AppHost until it builds its application.</summary>
    /// <typeparam name="TEntryPoint">A type of the AppHost's assembly.</typeparam>
    public static Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(CancellationToken cancellationToken = default) where TEntryPoint : class =>
        CreateAsync<TEntryPoint>([], cancellationToken);

    /// <inheritdoc cref="CreateAsync{TEntryPoint}(CancellationToken)"/>
    /// <param name="args">The command line.</param>
    /// <param name="cancellationToken">Stops the wait.</param>
    public static async Task<IDistributedApplicationTestingBuilder> CreateAsync<TEntryPoint>(string[] args, CancellationToken cancellationToken = default)
        where TEntryPoint : class
    {
        var entryPoint = new EntryPoint(typeof(TEntryPoint).Assembly, args);
        return new TestingBuilder(entryPoint, await entryPoint.RunUntilBuildAsync(cancellationToken).ConfigureAwait(false));
    }

    /// <summary>A builder without resources.</summary>
    public static IDistributedApplicationTestingBuilder Create(params string[] args)
    {
        var options = EntryPoint.ForTests(new DistributedApplicationOptions { Args = args });
        var builder = new DistributedApplicationBuilder(options);
        EntryPoint.ForTests(builder.Configuration);
        return new TestingBuilder(null, builder);
    }

    private sealed class TestingBuilder(EntryPoint? entryPoint, DistributedApplicationBuilder inner) : IDistributedApplicationTestingBuilder
    {
        public ConfigurationManager Configuration => inner.Configuration;

        public string AppHostDirectory => inner.AppHostDirectory;

        public Assembly? AppHostAssembly => inner.AppHostAssembly;

        public IHostEnvironment Environment => inner.Environment;

        public IServiceCollection Services => inner.Services;

        public IDistributedApplicationEventing Eventing => inner.Eventing;

        public DistributedApplicationExecutionContext ExecutionContext => inner.ExecutionContext;

        public IResourceCollection Resources => inner.Resources;

        public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource => inner.AddResource(resource);

        public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => inner.CreateResourceBuilder(resource);

        public DistributedApplication Build() => BuildAsync(CancellationToken.None).GetAwaiter().GetResult();

        public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken = default) =>
            entryPoint?.BuildAsync(cancellationToken) ?? Task.FromResult(inner.Build());

        public ValueTask DisposeAsync()
        {
            entryPoint?.Finish();
            return ValueTask.CompletedTask;
        }
    }
}

/// <summary>What a test asks of a running graph.</summary>
public static class DistributedApplicationHostingTestingExtensions
{
    /// <summary>A client of a resource's endpoint; of the first one for HTTP when none is named.</summary>
    public static HttpClient CreateHttpClient(this DistributedApplication app, string resourceName, string? endpointName = default) =>
        new() { BaseAddress = app.GetEndpoint(resourceName, endpointName) };

    /// <summary>The address of a resource's endpoint.</summary>
    public static Uri GetEndpoint(this DistributedApplication app, string resourceName, string? endpointName = default)
    {
        var resource = (IResourceWithEndpoints)app.Resource(resourceName);
        var name = endpointName ?? resource.Annotations.OfType<EndpointAnnotation>().First(endpoint => endpoint.UriScheme is "http" or "https").Name;
        return new Uri(new EndpointReference(resource, name).Url);
    }

    /// <summary>The connection string of a resource.</summary>
    public static ValueTask<string?> GetConnectionStringAsync(this DistributedApplication app, string resourceName, CancellationToken cancellationToken = default) =>
        ((IResourceWithConnectionString)app.Resource(resourceName)).GetConnectionStringAsync(cancellationToken);

    private static IResource Resource(this DistributedApplication app, string name) =>
        app.Services.GetRequiredService<IResourceCollection>().FirstOrDefault(resource => string.Equals(resource.Name, name, StringComparison.OrdinalIgnoreCase))
        ?? throw new ArgumentException($"There is no resource {name}.", nameof(name));
}

/// <summary>
/// An AppHost's Main, run by a test: it is held where it builds its application until the test wants it built, and where it runs it
/// until the test has disposed it.
/// </summary>
internal sealed class EntryPoint(Assembly assembly, string[] args)
{
    private static readonly AsyncLocal<EntryPoint?> Running = new();

    private readonly TaskCompletionSource<DistributedApplicationBuilder> _builder = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _build = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<DistributedApplication> _application = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _finished = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The Main that the current code is called from.</summary>
    public static EntryPoint? Current => Running.Value;

    public Assembly Assembly => assembly;

    /// <summary>Completes when the test is done with the application.</summary>
    public Task Finished => _finished.Task;

    public static DistributedApplicationOptions ForTests(DistributedApplicationOptions options)
    {
        options.DisableDashboard = true;
        options.AllowUnsecuredTransport = true;
        return options;
    }

    /// <summary>Tests run side by side: no files of their own beside the AppHost's.</summary>
    public static void ForTests(IConfiguration configuration) => configuration["AspireLogsPath"] ??= "";

    public void Configure(DistributedApplicationOptions options, HostApplicationBuilderSettings settings)
    {
        ForTests(options);
        settings.Args = options.Args = [.. options.Args ?? [], .. args];
    }

    public Task<DistributedApplicationBuilder> RunUntilBuildAsync(CancellationToken cancellationToken)
    {
        // A thread of its own: Main blocks in Build and in Run.
        _ = Task.Factory.StartNew(RunMain, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return _builder.Task.WaitAsync(cancellationToken);
    }

    public void Offer(DistributedApplicationBuilder builder)
    {
        ForTests(builder.Configuration);
        _builder.TrySetResult(builder);
        Task.WhenAny(_build.Task, _finished.Task).GetAwaiter().GetResult();
    }

    public Task<DistributedApplication> BuildAsync(CancellationToken cancellationToken)
    {
        _build.TrySetResult();
        return _application.Task.WaitAsync(cancellationToken);
    }

    public void Built(DistributedApplication application) => _application.TrySetResult(application);

    public void Finish() => _finished.TrySetResult();

    private void RunMain()
    {
        Running.Value = this;
        try
        {
            var main = assembly.EntryPoint ?? throw new InvalidOperationException($"{assembly.GetName().Name} has no Main.");
            (main.Invoke(null, main.GetParameters().Length == 0 ? null : [Array.Empty<string>()]) as Task)?.GetAwaiter().GetResult();
        }
        catch (TargetInvocationException exception)
        {
            Fail(exception.InnerException ?? exception);
        }
        catch (Exception exception)
        {
            Fail(exception);
        }
    }

    private void Fail(Exception exception)
    {
        _builder.TrySetException(exception);
        _application.TrySetException(exception);
    }
}
