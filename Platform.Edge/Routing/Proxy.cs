using OpenTelemetry.Metrics;
using Platform.Edge.Authentication;
using Yarp.ReverseProxy.Configuration;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Health;
using Yarp.ReverseProxy.LoadBalancing;
using Yarp.ReverseProxy.Model;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Platform.Edge.Routing;

/// <summary>The reverse proxy: the route table over the replicas that configuration names.</summary>
internal static class Proxy
{
    /// <summary>What a client may say about itself only through a known proxy, whose word has been taken by then.</summary>
    private static readonly string[] ForwardingHeaders =
    [
        "Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Prefix",
        "X-Original-For", "X-Original-Proto", "X-Real-IP",
    ];

    public static void AddProxy(this WebApplicationBuilder builder)
    {
        var section = builder.Configuration.GetSection("Proxy");
        var options = section.Get<ProxyOptions>() ?? new ProxyOptions();
        builder.Services.Configure<ProxyOptions>(section);
        builder.Services.Configure<TransportFailureRateHealthPolicyOptions>(policy => policy.DetectionWindowSize = options.HealthInterval * 2);
        // The API is part of every topology, and 503 when it is not there. An application that nobody runs has no route.
        ClusterConfig[] clusters =
        [
            Cluster(RouteTable.Api, Replicas(builder, RouteTable.Api), options, options.ActivityTimeout, ApiHealth(options)),
            .. Application.All.Select(application => application.Name)
                .Where(name => Replicas(builder, name).Count > 0)
                .Select(name => Cluster(name, Replicas(builder, name), options, options.ApplicationTimeout)),
        ];
        builder.Services.AddSingleton<IForwarderHttpClientFactory, ReplicaClients>();
        builder.Services.AddReverseProxy()
            .LoadFromMemory(
                [.. RouteTable.Routes.Where(route => clusters.Any(cluster => cluster.ClusterId == route.Cluster)).Select(ToRoute)],
                clusters)
            .AddTransforms(AddTransforms);
        builder.Services.AddSingleton<ProxyMetrics>();
        builder.Services.AddSingleton<IClusterChangeListener>(services => services.GetRequiredService<ProxyMetrics>());
        // The servers behind the edge measure the requests that they get; to measure each here once more would be a tenth of its cost.
        builder.Services.ConfigureOpenTelemetryMeterProvider(metrics => metrics.AddView("http.client.*", MetricStreamConfiguration.Drop));
    }

    public static void MapProxy(this WebApplication app) => app.MapReverseProxy(pipeline =>
    {
        pipeline.UseMiddleware<Tunnels>();
        pipeline.UseMiddleware<AmbiguousPaths>();
        pipeline.Use(ToFolder);
        pipeline.UseMiddleware<ProxyErrors>();
        pipeline.UseMiddleware<RetryOnAnotherReplica>();
        pipeline.UseLoadBalancing();
        pipeline.UsePassiveHealthChecks();
    }).ConfigureEndpoints((endpoint, route) => endpoint.WithMetadata(RoutesById[route.RouteId]));

    /// <summary>The route that the request matched; null when it is the site's.</summary>
    public static EdgeRoute? GetEdgeRoute(this HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<EdgeRoute>();

    private static readonly Dictionary<string, EdgeRoute> RoutesById = RouteTable.Routes.ToDictionary(route => route.Path);

    /// <summary>An application's addresses are relative to <c>/prefix/</c>: its bare prefix leads there, with method and body (308).</summary>
    private static Task ToFolder(HttpContext context, RequestDelegate next)
    {
        if (context.GetEdgeRoute() is { Application.Prefix: var prefix } && context.Request.Path.Value!.Length == prefix.Value!.Length)
        {
            context.Response.Redirect($"{prefix}/{context.Request.QueryString}", permanent: true, preserveMethod: true);
            return Task.CompletedTask;
        }

        return next(context);
    }

    private static RouteConfig ToRoute(EdgeRoute route)
    {
        var config = new RouteConfig { RouteId = route.Path, ClusterId = route.Cluster, Match = new RouteMatch { Path = route.Path } };
        config = route.StripPrefix is { } prefix ? config.WithTransformPathRemovePrefix(prefix) : config;
        return route.PathPattern is { } pattern ? config.WithTransformPathRouteValues(pattern) : config;
    }

    /// <summary>Every value below <c>services:{name}:http</c> is a replica, as service discovery and Aspire name them.</summary>
    private static Dictionary<string, DestinationConfig> Replicas(WebApplicationBuilder builder, string name) =>
        builder.Configuration.GetSection($"services:{name}:http").GetChildren()
            .Where(replica => !string.IsNullOrWhiteSpace(replica.Value))
            .ToDictionary(replica => replica.Value!, replica => new DestinationConfig { Address = replica.Value! });

    private static ClusterConfig Cluster(
        string id, Dictionary<string, DestinationConfig> replicas, ProxyOptions options, TimeSpan timeout, ActiveHealthCheckConfig? health = null) =>
        new()
        {
            ClusterId = id,
            Destinations = replicas,
            LoadBalancingPolicy = LoadBalancingPolicies.PowerOfTwoChoices,
            HealthCheck = new HealthCheckConfig
            {
                // When no replica seems well, all are tried: the first request after an outage finds the service back.
                AvailableDestinationsPolicy = HealthCheckConstants.AvailableDestinations.HealthyOrPanic,
                Active = health,
                // With one replica there is no other to turn to, and a few failures must not shut out the rest.
                Passive = new PassiveHealthCheckConfig
                {
                    Enabled = replicas.Count > 1,
                    Policy = HealthCheckConstants.PassivePolicy.TransportFailureRate,
                    ReactivationPeriod = options.HealthInterval * 2,
                },
            },
            HttpRequest = new ForwarderRequestConfig
            {
                Version = System.Net.HttpVersion.Version11,
                VersionPolicy = HttpVersionPolicy.RequestVersionExact,
                ActivityTimeout = timeout,
            },
        };

    /// <summary>The management port of the API is not known here; GET /api is cheap, public and asks nothing of the database.</summary>
    private static ActiveHealthCheckConfig ApiHealth(ProxyOptions options) => new()
    {
        Enabled = true,
        Interval = options.HealthInterval,
        Timeout = TimeSpan.FromSeconds(2),
        Policy = HealthCheckConstants.ActivePolicy.ConsecutiveFailures,
        Path = "/api",
    };

    private static void AddTransforms(TransformBuilderContext context)
    {
        context.UseDefaultForwarders = false;
        context.AddForwardedIdentity();
        context.AddRequestTransform(transform =>
        {
            var http = transform.HttpContext;
            var headers = transform.ProxyRequest.Headers;
            foreach (var name in ForwardingHeaders)
            {
                if (http.Request.Headers.ContainsKey(name))
                {
                    headers.Remove(name);
                }
            }

            headers.TryAddWithoutValidation("X-Forwarded-For", http.Connection.RemoteIpAddress?.ToString());
            headers.TryAddWithoutValidation("X-Forwarded-Proto", http.Request.Scheme);
            headers.TryAddWithoutValidation("X-Forwarded-Host", http.Request.Host.ToUriComponent());
            return ValueTask.CompletedTask;
        });
        context.AddResponseTransform(transform =>
        {
            // Only the edge speaks about origins.
            var headers = transform.HttpContext.Response.Headers;
            headers.AccessControlAllowOrigin = default;
            headers.AccessControlAllowCredentials = default;
            headers.AccessControlAllowHeaders = default;
            headers.AccessControlAllowMethods = default;
            headers.AccessControlExposeHeaders = default;
            headers.AccessControlMaxAge = default;
            return ValueTask.CompletedTask;
        });
        if (RoutesById[context.Route.RouteId].Application is { } application)
        {
            context.AddApplication(application);
        }
    }
}
