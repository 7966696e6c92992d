#pragma warning disable CS0618 // MinIO's integration is marked obsolete because MinIO's project is archived; Platform knows.

using System.Net.Sockets;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Platform.Tests.Standins;

/// <summary>What Platform relies on of the MinIO and Meilisearch integrations. All of it holds for the real packages, too.</summary>
public sealed class ServerTests
{
    private readonly IDistributedApplicationBuilder _builder = DistributedApplication.CreateBuilder(
        new DistributedApplicationOptions { AssemblyName = "Platform.AppHost", Args = ["--Parameters:user=ada", "--Parameters:secret=opensesame"] });

    [Fact]
    public async Task MinIO_listens_on_two_ports_and_knows_its_root_user()
    {
        var user = _builder.AddParameter("user");
        var minio = _builder.AddMinioContainer("objects", user, _builder.AddParameter("secret", secret: true), port: 9000)
            .WithHostPort(9010).WithDataVolume("objects");
        Allocate(minio.Resource, "http", 9010);

        Assert.True(minio.Resource.TryGetContainerImageName(out var image));
        Assert.Equal("docker.io/minio/minio:RELEASE.2025-09-07T16-13-09Z", image);
        Assert.Equal(["server", "/data", "--console-address", ":9001"], await minio.Resource.GetArgumentValuesAsync());
        Assert.Equal((9010, 9000), Ports(minio.Resource, "http"));
        Assert.Equal((null, 9001), Ports(minio.Resource, "console"));
        Assert.Equal(("objects", "/data"), Mount(minio.Resource));
        var environment = await minio.Resource.GetEnvironmentVariableValuesAsync();
        Assert.Equal("ada", environment["MINIO_ROOT_USER"]);
        Assert.Equal("opensesame", environment["MINIO_ROOT_PASSWORD"]);
        Assert.Same(user.Resource, minio.Resource.RootUser);
        Assert.Equal(
            "Endpoint=http://localhost:9010;AccessKey=ada;SecretKey=opensesame",
            await minio.Resource.ConnectionStringExpression.GetValueAsync(CancellationToken.None));
        Assert.Equal(
            [("Host", "localhost"), ("Port", "9010"), ("AccessKey", "ada"), ("SecretKey", "opensesame"), ("Uri", "http://localhost:9010")],
            await PropertiesAsync(minio.Resource));
    }

    [Fact]
    public async Task Meilisearch_knows_its_master_key()
    {
        var search = _builder.AddMeilisearch("search", _builder.AddParameter("secret", secret: true), port: 7701).WithDataVolume("search");
        Allocate(search.Resource, "http", 7701);

        Assert.True(search.Resource.TryGetContainerImageName(out var image));
        Assert.Equal("docker.io/getmeili/meilisearch:v1.21", image);
        Assert.Equal((7701, 7700), Ports(search.Resource, "http"));
        Assert.Equal(("search", "/meili_data"), Mount(search.Resource));
        Assert.Equal("opensesame", (await search.Resource.GetEnvironmentVariableValuesAsync())["MEILI_MASTER_KEY"]);
        Assert.Equal(
            "Endpoint=http://localhost:7701;MasterKey=opensesame",
            await search.Resource.ConnectionStringExpression.GetValueAsync(CancellationToken.None));
        Assert.Equal(
            [("Host", "localhost"), ("Port", "7701"), ("MasterKey", "opensesame"), ("Uri", "http://localhost:7701")],
            await PropertiesAsync(search.Resource));
    }

    [Fact]
    public void Secrets_that_are_not_given_are_made_up_and_users_have_a_name()
    {
        var minio = _builder.AddMinioContainer("objects").Resource;
        Assert.Equal("user", minio.RootUser.Name);
        Assert.Equal("objects-rootPassword", minio.PasswordParameter.Name);
        Assert.True(minio.PasswordParameter.Secret);
        Assert.Equal("search-masterKey", _builder.AddMeilisearch("search").Resource.MasterKeyParameter.Name);
    }

    [Theory]
    [InlineData("/minio/health/live")]
    [InlineData("/minio/health/cluster")]
    [InlineData("/minio/health/cluster/read")]
    public async Task MinIO_is_healthy_when_each_of_its_health_pages_says_so(string page)
    {
        var minio = _builder.AddMinioContainer("objects");
        Assert.Equal((HealthStatus.Healthy, HealthStatus.Unhealthy), await HealthAsync(minio.Resource, page));
    }

    [Fact]
    public async Task Meilisearch_is_healthy_when_its_health_page_says_so()
    {
        var search = _builder.AddMeilisearch("search", _builder.AddParameter("secret", secret: true));
        Assert.Equal((HealthStatus.Healthy, HealthStatus.Unhealthy), await HealthAsync(search.Resource, "/health"));
    }

    /// <summary>The health of a resource whose server answers every page, and of one that does so except for the page.</summary>
    private async Task<(HealthStatus AllPages, HealthStatus WithoutPage)> HealthAsync<T>(T resource, string page)
        where T : IResourceWithEndpoints, IResourceWithConnectionString
    {
        var isBroken = false;
        await using var server = WebApplication.Create();
        server.Urls.Add("http://127.0.0.1:0");
        server.Run(context =>
        {
            context.Response.StatusCode = isBroken && context.Request.Path == page ? 503 : 200;
            return context.Response.WriteAsJsonAsync(new { status = "available" });
        });
        await server.StartAsync();
        Allocate(resource, "http", new Uri(server.Urls.First()).Port);

        var key = Assert.Single(resource.Annotations.OfType<HealthCheckAnnotation>()).Key;
        Assert.Equal($"{resource.Name}_check", key);
        await using var app = _builder.Build();
        await _builder.Eventing.PublishAsync(new ConnectionStringAvailableEvent(resource, app.Services));
        var health = app.Services.GetRequiredService<HealthCheckService>();
        var allPages = await health.CheckHealthAsync(check => check.Name == key);
        isBroken = true;
        return (allPages.Status, (await health.CheckHealthAsync(check => check.Name == key)).Status);
    }

    private static void Allocate(IResource resource, string endpoint, int port)
    {
        var annotation = Endpoint(resource, endpoint);
        annotation.AllocatedEndpoint = new(annotation, "localhost", port);
    }

    private static EndpointAnnotation Endpoint(IResource resource, string name)
    {
        var endpoint = resource.Annotations.OfType<EndpointAnnotation>().Single(endpoint => endpoint.Name == name);
        Assert.Equal(("http", ProtocolType.Tcp), (endpoint.UriScheme, endpoint.Protocol));
        return endpoint;
    }

    private static (int? Host, int? Target) Ports(IResource resource, string endpoint) =>
        (Endpoint(resource, endpoint).Port, Endpoint(resource, endpoint).TargetPort);

    private static (string? Volume, string Target) Mount(IResource resource)
    {
        var mount = Assert.Single(resource.Annotations.OfType<ContainerMountAnnotation>());
        return (mount.Source, mount.Target);
    }

    private static async Task<(string Name, string? Value)[]> PropertiesAsync(IResourceWithConnectionString resource)
    {
        var properties = new List<(string, string?)>();
        foreach (var (name, expression) in resource.GetConnectionProperties())
        {
            properties.Add((name, await expression.GetValueAsync(CancellationToken.None)));
        }

        return [.. properties];
    }
}
