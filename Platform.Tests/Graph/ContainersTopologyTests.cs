using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Testing;

namespace Platform.Tests.Graph;

/// <summary>The graph of containers as it would run, without an engine to run it.</summary>
public sealed class ContainersTopologyTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private IDistributedApplicationTestingBuilder? _builder;

    private IDistributedApplicationTestingBuilder Builder => _builder ?? throw new InvalidOperationException("There is no graph.");

    public async Task InitializeAsync() => _builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.Platform_AppHost>(
        ["--Platform:Topology=containers", $"--Platform:DataDirectory={_folder}"]);

    [Fact]
    public void Every_server_is_a_container_of_one_version() => Assert.Equal(
        [
            "alertmanager prom/alertmanager:v0.32.1",
            "blackbox-exporter prom/blackbox-exporter:v0.28.0",
            "collector otel/opentelemetry-collector-contrib:0.153.0",
            "grafana grafana/grafana:13.1.3",
            "loki grafana/loki:3.7.3",
            "meilisearch getmeili/meilisearch:v1.21",
            "minio minio/minio:RELEASE.2025-09-07T16-13-09Z",
            "node-exporter prom/node-exporter:v1.11.1",
            "pgadmin dpage/pgadmin4:9.15.0",
            "postgres library/postgres:18.3",
            "postgres-exporter prometheuscommunity/postgres-exporter:v0.19.1",
            "prometheus prom/prometheus:v3.5.1",
            "tempo grafana/tempo:3.0.3",
        ],
        Builder.Resources.OfType<ContainerResource>()
            .Select(server => (server.Name, Image: server.Annotations.OfType<ContainerImageAnnotation>().Single()))
            .Select(server => $"{server.Name} {server.Image.Image}:{server.Image.Tag}")
            .Order(StringComparer.Ordinal));

    [Fact]
    public void What_must_survive_is_in_named_volumes() => Assert.Equal(
        [
            "platform-alertmanager", "platform-grafana", "platform-loki", "platform-meilisearch", "platform-minio", "platform-pgadmin",
            "platform-postgres", "platform-prometheus", "platform-tempo",
        ],
        Builder.Resources.SelectMany(resource => resource.Annotations.OfType<ContainerMountAnnotation>())
            .Where(mount => mount.Type == ContainerMountType.Volume)
            .Select(mount => mount.Source)
            .Order(StringComparer.Ordinal));

    [Fact]
    public void The_edge_waits_for_the_api_which_waits_for_every_server_that_it_needs()
    {
        Assert.Equal(["api"], WaitsFor("edge"));
        Assert.Equal(["meilisearch", "minio", "platformdb", "postgres"], WaitsFor("api"));
        Assert.Equal(["postgres"], WaitsFor("pgadmin"));
        // What is waited for can be asked whether it is healthy.
        Assert.All(
            ["api", "edge", "meilisearch", "minio", "platformdb", "postgres"],
            name => Assert.NotEmpty(Resource(name).Annotations.OfType<HealthCheckAnnotation>()));
    }

    [Fact]
    public void Only_the_edge_is_for_others_than_this_machine() => Assert.Equal(
        ["edge"],
        Builder.Resources.Where(resource => resource.Annotations.OfType<EndpointAnnotation>().Any(endpoint => endpoint.IsExternal))
            .Select(resource => resource.Name));

    [Fact]
    public void The_api_is_one_process_since_a_Prometheus_in_a_container_could_not_tell_two_apart() =>
        Assert.Equal(1, Resource("api").Annotations.OfType<ReplicaAnnotation>().Last().Replicas);

    [Fact]
    public async Task The_edge_is_told_where_the_api_is_and_nothing_of_the_servers_behind_it()
    {
        var edge = await VariablesAsync("edge");
        Assert.Contains("services__api__http__0", edge.Keys);
        Assert.DoesNotContain(edge.Keys, name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal));

        var api = await VariablesAsync("api");
        Assert.Equal(
            ["ConnectionStrings__objects", "ConnectionStrings__platformdb", "ConnectionStrings__search"],
            api.Keys.Where(name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Equal("s3", api["Storage__Provider"]);
        Assert.Equal("meilisearch", api["Search__Provider"]);
        var backups = Assert.IsType<ReferenceExpression>(api["Backups__Url"]);
        Assert.Equal("s3+http://{minio.bindings.http.host}:{minio.bindings.http.port}/platform-backups", backups.ValueExpression);
        Assert.DoesNotContain(api.Keys, name => name.StartsWith("services__", StringComparison.Ordinal));
    }

    [Fact]
    public void Passwords_and_keys_are_secret_parameters()
    {
        Assert.Equal(
            [
                "admin-password", "api-key", "edge-key", "grafana-password", "link-key", "pgadmin-password", "postgres-password", "search-key",
                "storage-password",
            ],
            Builder.Resources.OfType<ParameterResource>().Where(parameter => parameter.Secret)
                .Select(parameter => parameter.Name).Order(StringComparer.Ordinal));
        // None is made before the graph is started.
        Assert.Empty(Directory.EnumerateFileSystemEntries(_folder));
    }

    public async Task DisposeAsync()
    {
        await Builder.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private IResource Resource(string name) => Builder.Resources.Single(resource => resource.Name == name);

    private IEnumerable<string> WaitsFor(string name) =>
        Resource(name).Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource.Name).Distinct().Order(StringComparer.Ordinal);

    private async Task<Dictionary<string, object>> VariablesAsync(string name)
    {
        var resource = Resource(name);
        var context = new EnvironmentCallbackContext(Builder.ExecutionContext, resource);
        foreach (var callback in resource.Annotations.OfType<EnvironmentCallbackAnnotation>())
        {
            await callback.Callback(context);
        }

        return context.EnvironmentVariables;
    }
}
