using Aspire.Hosting;
using Aspire.Hosting.Testing;
using Platform.AppHost.Services;

namespace Platform.Tests.Fixtures;

/// <summary>Platform, and beside it a process that ends as soon as it is started. Tests that share it run one after the other.</summary>
[CollectionDefinition(nameof(GraphWithCrashes))]
public sealed class GraphWithCrashes : PlatformGraph, ICollectionFixture<GraphWithCrashes>
{
    public const string Dies = "dies";

    protected override void Configure(IDistributedApplicationTestingBuilder builder) =>
        builder.AddExecutable(Dies, "/bin/sh", "/", "-c", "exit 3").WithRestart();
}
