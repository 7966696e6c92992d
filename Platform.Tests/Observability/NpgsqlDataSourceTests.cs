using System.Collections.Concurrent;
using System.Diagnostics;
using Aspire.Npgsql;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Npgsql;
using OpenTelemetry;
using OpenTelemetry.Trace;
using Platform.Tests.Fixtures;

namespace Platform.Tests.Observability;

/// <summary>What we rely on of Aspire.Npgsql, the package or its stand-in.</summary>
public sealed class NpgsqlDataSourceTests(PostgresServer postgres) : IClassFixture<PostgresServer>
{
    [Fact]
    public async Task It_connects_and_its_commands_are_measured()
    {
        var database = await postgres.CreateDatabaseAsync();
        await using var service = await TestService.StartAsync(
            builder => builder.AddNpgsqlDataSource("platformdb"), settings: new() { ["ConnectionStrings:platformdb"] = database });
        var source = service.App.Services.GetRequiredService<NpgsqlDataSource>();
        Assert.Same(source, service.App.Services.GetRequiredService<NpgsqlDataSource>());
        await using var command = source.CreateCommand("SELECT 42");
        Assert.Equal(42, await command.ExecuteScalarAsync());
        await service.ScrapeUntilAsync(text => text.Contains("db_client_operation_duration_seconds_bucket{", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Its_commands_are_spans_of_the_request()
    {
        var database = await postgres.CreateDatabaseAsync();
        var trace = ActivityTraceId.CreateRandom();
        var seen = new ConcurrentQueue<string>();
        await using var service = await TestService.StartAsync(
            builder =>
            {
                builder.AddNpgsqlDataSource("platformdb");
                builder.Services.ConfigureOpenTelemetryTracerProvider((_, tracing) => tracing.AddProcessor(new Ended(trace, seen)));
            },
            app => app.MapGet("/answer", async (NpgsqlDataSource source) =>
            {
                await using var command = source.CreateCommand("SELECT 42");
                return await command.ExecuteScalarAsync();
            }),
            new() { ["ConnectionStrings:platformdb"] = database });
        using var request = new HttpRequestMessage(HttpMethod.Get, "/answer")
        { Headers = { { "traceparent", $"00-{trace}-00f067aa0ba902b7-01" } } };
        using var answer = await service.Client.SendAsync(request);
        Assert.Contains("Npgsql", seen);
    }

    [Fact]
    public void A_missing_connection_string_names_both_places_to_put_it()
    {
        var builder = WebApplication.CreateBuilder();
        builder.AddNpgsqlDataSource("platformdb");
        using var services = builder.Services.BuildServiceProvider();
        var error = Assert.Throws<InvalidOperationException>(services.GetRequiredService<NpgsqlDataSource>);
        Assert.Contains("ConnectionStrings:platformdb", error.Message, StringComparison.Ordinal);
        Assert.Contains("Aspire:Npgsql", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_connection_string_by_name_wins_over_the_sections_and_code_over_all()
    {
        Dictionary<string, string?> general = new() { ["Aspire:Npgsql:ConnectionString"] = "Host=general" };
        Dictionary<string, string?> named = new(general) { ["Aspire:Npgsql:platformdb:ConnectionString"] = "Host=named" };
        Dictionary<string, string?> connection = new(named) { ["ConnectionStrings:platformdb"] = "Host=connection" };
        Assert.Equal("general", HostOf(general));
        Assert.Equal("named", HostOf(named));
        Assert.Equal("connection", HostOf(connection));
        Assert.Equal("code", HostOf(connection, settings => settings.ConnectionString = "Host=code"));

        static string? HostOf(Dictionary<string, string?> configuration, Action<NpgsqlSettings>? configure = null)
        {
            var builder = WebApplication.CreateBuilder();
            builder.Configuration.AddInMemoryCollection(configuration);
            builder.AddNpgsqlDataSource("platformdb", configure);
            using var services = builder.Services.BuildServiceProvider();
            return new NpgsqlConnectionStringBuilder(services.GetRequiredService<NpgsqlDataSource>().ConnectionString).Host;
        }
    }

    [Fact]
    public void The_health_check_is_named_as_the_package_names_it_and_can_be_left_out()
    {
        Assert.Equal(["PostgreSql"], Checks(null));
        Assert.Empty(Checks(settings => settings.DisableHealthChecks = true));

        static IEnumerable<string> Checks(Action<NpgsqlSettings>? configure)
        {
            var builder = WebApplication.CreateBuilder();
            builder.AddNpgsqlDataSource("platformdb", configure);
            using var services = builder.Services.BuildServiceProvider();
            return [.. services.GetRequiredService<IOptions<HealthCheckServiceOptions>>().Value.Registrations.Select(check => check.Name)];
        }
    }

    [Fact]
    public void The_data_source_can_be_configured()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["ConnectionStrings:platformdb"] = "Host=somewhere";
        builder.AddNpgsqlDataSource("platformdb", null, source => source.ConnectionStringBuilder.MaxPoolSize = 7);
        using var services = builder.Services.BuildServiceProvider();
        Assert.Equal(7, new NpgsqlConnectionStringBuilder(services.GetRequiredService<NpgsqlDataSource>().ConnectionString).MaxPoolSize);
    }

    private sealed class Ended(ActivityTraceId trace, ConcurrentQueue<string> seen)
        : BaseProcessor<Activity>
    {
        public override void OnEnd(Activity data)
        {
            if (data.TraceId == trace)
            {
                seen.Enqueue(data.Source.Name);
            }
        }
    }
}
