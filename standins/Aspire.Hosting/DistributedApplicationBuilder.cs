// Stands in for the package Aspire.Hosting 13.5.4.

using System.Reflection;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Eventing;
using Aspire.Hosting.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Aspire.Hosting
{
    /// <summary>Builds the graph.</summary>
    public interface IDistributedApplicationBuilder
    {
        /// <summary>Arguments, environment variables, user secrets, appsettings.json.</summary>
        ConfigurationManager Configuration { get; }

        /// <summary>The folder of the AppHost's project.</summary>
        string AppHostDirectory { get; }

        /// <summary>The AppHost's assembly.</summary>
        Assembly? AppHostAssembly { get; }

        /// <summary>The environment of the AppHost.</summary>
        IHostEnvironment Environment { get; }

        /// <summary>The services of the AppHost.</summary>
        IServiceCollection Services { get; }

        /// <summary>Tells handlers what happens.</summary>
        IDistributedApplicationEventing Eventing { get; }

        /// <summary>Whether the graph runs or is published.</summary>
        DistributedApplicationExecutionContext ExecutionContext { get; }

        /// <summary>The resources so far.</summary>
        IResourceCollection Resources { get; }

        /// <summary>Adds a resource.</summary>
        /// <exception cref="DistributedApplicationException">There is one of that name.</exception>
        IResourceBuilder<T> AddResource<T>(T resource) where T : IResource;

        /// <summary>A builder for a resource that is in the graph, or is not meant to be.</summary>
        IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource;

        /// <summary>The application.</summary>
        DistributedApplication Build();
    }

    /// <summary>How an application is built.</summary>
    public sealed class DistributedApplicationOptions
    {
        /// <summary>The command line.</summary>
        public string[]? Args { get; set; }

        /// <summary>The AppHost's assembly; the one that runs when it is not given.</summary>
        public string? AssemblyName { get; set; }

        /// <summary>Whether to run without the dashboard.</summary>
        public bool DisableDashboard { get; set; }

        /// <summary>Whether plain HTTP is allowed.</summary>
        public bool AllowUnsecuredTransport { get; set; }
    }

    /// <summary>What an AppHost is started for.</summary>
    public enum DistributedApplicationOperation
    {
        /// <summary>To run the graph.</summary>
        Run,

        /// <summary>To write what runs it elsewhere.</summary>
        Publish,
    }

    /// <summary>Whether the graph runs or is published.</summary>
    /// <param name="operation">What the AppHost is started for.</param>
    public class DistributedApplicationExecutionContext(DistributedApplicationOperation operation)
    {
        /// <summary>What the AppHost is started for.</summary>
        public DistributedApplicationOperation Operation { get; } = operation;

        /// <summary>Whether the graph runs.</summary>
        public bool IsRunMode => Operation == DistributedApplicationOperation.Run;

        /// <summary>Whether the graph is published.</summary>
        public bool IsPublishMode => Operation == DistributedApplicationOperation.Publish;
    }

    /// <summary>The graph cannot be built or run.</summary>
    public class DistributedApplicationException : Exception
    {
        /// <inheritdoc/>
        public DistributedApplicationException() { }

        /// <inheritdoc/>
        public DistributedApplicationException(string message) : base(message) { }

        /// <inheritdoc/>
        public DistributedApplicationException(string message, Exception inner) : base(message, inner) { }
    }

    internal sealed class DistributedApplicationBuilder : IDistributedApplicationBuilder
    {
        private readonly HostApplicationBuilder _host;
        private readonly EntryPoint? _entryPoint;

        public DistributedApplicationBuilder(DistributedApplicationOptions options)
        {
            // A test that runs this AppHost's Main has the first word on its arguments and options.
            _entryPoint = EntryPoint.Current;
            var settings = new HostApplicationBuilderSettings { Args = options.Args };
            _entryPoint?.Configure(options, settings);
            AppHostAssembly = options.AssemblyName is { } name ? Assembly.Load(name) : _entryPoint?.Assembly ?? Assembly.GetEntryAssembly();
            AppHostDirectory = Metadata("apphostprojectpath") ?? Directory.GetCurrentDirectory();
            _host = new HostApplicationBuilder(settings);
            ExecutionContext = new(string.Equals(_host.Configuration["operation"], "publish", StringComparison.OrdinalIgnoreCase)
                ? DistributedApplicationOperation.Publish
                : DistributedApplicationOperation.Run);
            Options = options;
            _host.Configuration["AspireToolsPath"] ??= Metadata("aspiretoolspath");
            _host.Logging.AddConsole(console => console.FormatterName = ReadableConsole.FormatterName).AddConsoleFormatter<ReadableConsole, ConsoleFormatterOptions>();
            _host.Logging.AddFilter("Microsoft.Hosting.Lifetime", LogLevel.Warning);
            _host.Logging.AddFilter("Microsoft.Extensions.Diagnostics.HealthChecks", LogLevel.None);
            _host.Logging.AddFilter("System.Net.Http", LogLevel.Warning);
            _host.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(60));
            _host.Services.AddHttpClient();
            _host.Services.AddHealthChecks();
            _host.Services.AddSingleton(options);
            _host.Services.AddSingleton(ExecutionContext);
            _host.Services.AddSingleton(Eventing);
            _host.Services.AddSingleton(Resources);
            _host.Services.AddSingleton<ResourceNotificationService>();
            _host.Services.AddSingleton<Dcp.AspireBundle>();
            _host.Services.AddSingleton<Dcp.DcpServer>();
            _host.Services.AddSingleton<Dcp.ResourceLogs>();
            _host.Services.AddSingleton<Dcp.Orchestrator>();
            _host.Services.AddSingleton<Dashboard.DashboardServer>();
            _host.Services.AddSingleton(services => new ResourceCommandService(services.GetRequiredService<Dcp.Orchestrator>()));
        }

        public DistributedApplicationOptions Options { get; }

        public ConfigurationManager Configuration => _host.Configuration;

        public string AppHostDirectory { get; }

        public Assembly? AppHostAssembly { get; }

        public IHostEnvironment Environment => _host.Environment;

        public IServiceCollection Services => _host.Services;

        public IDistributedApplicationEventing Eventing { get; } = new DistributedApplicationEventing();

        public DistributedApplicationExecutionContext ExecutionContext { get; }

        public IResourceCollection Resources { get; } = new ResourceCollection();

        public IResourceBuilder<T> AddResource<T>(T resource) where T : IResource
        {
            if (Resources.Any(other => string.Equals(other.Name, resource.Name, StringComparison.OrdinalIgnoreCase)))
            {
                throw new DistributedApplicationException($"There is a resource {resource.Name} already.");
            }

            Resources.Add(resource);
            return CreateResourceBuilder(resource);
        }

        public IResourceBuilder<T> CreateResourceBuilder<T>(T resource) where T : IResource => new ResourceBuilder<T>(this, resource);

        public DistributedApplication Build()
        {
            _entryPoint?.Offer(this);
            var application = new DistributedApplication(_host.Build(), _entryPoint);
            _entryPoint?.Built(application);
            return application;
        }

        private string? Metadata(string key) => AppHostAssembly?.GetCustomAttributes<AssemblyMetadataAttribute>()
            .FirstOrDefault(metadata => string.Equals(metadata.Key, key, StringComparison.OrdinalIgnoreCase))?.Value;

        private sealed record ResourceBuilder<T>(IDistributedApplicationBuilder ApplicationBuilder, T Resource) : IResourceBuilder<T> where T : IResource
        {
            public IResourceBuilder<T> WithAnnotation<TAnnotation>(TAnnotation annotation, ResourceAnnotationMutationBehavior behavior)
                where TAnnotation : IResourceAnnotation
            {
                if (behavior == ResourceAnnotationMutationBehavior.Replace)
                {
                    foreach (var earlier in Resource.Annotations.OfType<TAnnotation>().ToArray())
                    {
                        Resource.Annotations.Remove(earlier);
                    }
                }

                Resource.Annotations.Add(annotation);
                return this;
            }
        }
    }

    /// <summary>Lines for people: the time, the level where it matters, the message.</summary>
    internal sealed class ReadableConsole() : ConsoleFormatter(FormatterName)
    {
        public const string FormatterName = "readable";

        public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
        {
            textWriter.Write(DateTime.Now.ToString("HH:mm:ss ", System.Globalization.CultureInfo.InvariantCulture));
            textWriter.Write(logEntry.LogLevel switch
            {
                LogLevel.Warning => "warning: ",
                LogLevel.Error or LogLevel.Critical => "error: ",
                _ => "",
            });
            textWriter.WriteLine(logEntry.Formatter(logEntry.State, logEntry.Exception));
            if (logEntry.Exception is { } exception)
            {
                textWriter.WriteLine(exception);
            }
        }
    }
}

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>Says things about a resource.</summary>
    public interface IResourceBuilder<out T> where T : IResource
    {
        /// <summary>The graph.</summary>
        IDistributedApplicationBuilder ApplicationBuilder { get; }

        /// <summary>The resource.</summary>
        T Resource { get; }

        /// <summary>Says something about the resource.</summary>
        IResourceBuilder<T> WithAnnotation<TAnnotation>(
            TAnnotation annotation, ResourceAnnotationMutationBehavior behavior = ResourceAnnotationMutationBehavior.Append) where TAnnotation : IResourceAnnotation;
    }

    /// <summary>What becomes of earlier annotations of the same type.</summary>
    public enum ResourceAnnotationMutationBehavior
    {
        /// <summary>They stay.</summary>
        Append,

        /// <summary>They go.</summary>
        Replace,
    }
}
