using System.Diagnostics;
using System.Globalization;
using Platform.Tests.Fixtures;
using Platform.Tests.Standins;

namespace Platform.Tests.Publishing;

/// <summary>What holds for every service of the published project, and what is its own.</summary>
[Collection(PublishingSuite.Name)]
public sealed class ServiceTests(PublishedProjects projects)
{
    private static readonly string[] Optional = ["keycloak", "tunnel"];
    private static readonly string[] Monitors =
    [
        "prometheus", "alertmanager", "loki", "tempo", "collector", "grafana", "node-exporter", "postgres-exporter", "blackbox-exporter",
    ];

    private static readonly string[] Names = ["api", "edge", "postgres", "minio", "meilisearch", "pgadmin", .. Monitors, .. Optional];

    public static TheoryData<string> Services => new(Names);

    [Fact]
    public void Every_service_is_tested_here()
    {
        Assert.Equal(Names.Order(), projects.Complete.Keys("services").Order());
        Assert.Equal(Names.Except(Optional).Order(), projects.Standard.Keys("services").Order());
    }

    [Fact]
    public void What_is_added_changes_no_other_service()
    {
        var (standard, complete) = (projects.Standard, projects.Complete);
        Assert.All(
            Names.Except(Optional).Except(["postgres", "edge"]),
            name => Assert.Equivalent(standard[$"services/{name}"], complete[$"services/{name}"], strict: true));
        Assert.Equal(["volumes"], Changed("postgres"));
        // Where Keycloak is.
        Assert.Equal(["environment"], Changed("edge"));
        Assert.Equal(
            ["services__keycloak__http__0"],
            complete.Keys("services/edge/environment").Except(standard.Keys("services/edge/environment")));

        IEnumerable<string> Changed(string service) => complete.Keys($"services/{service}")
            .Where(key => !Equivalent(standard[$"services/{service}/{key}"], complete[$"services/{service}/{key}"])).Order();
    }

    [Theory, MemberData(nameof(Services))]
    public void Every_service_has_a_health_check(string name)
    {
        var check = $"services/{name}/healthcheck";
        var test = projects.Complete.List($"{check}/test");
        if (name == "collector")
        {
            // Nothing in its image can ask, and nothing waits for it; Prometheus sees when it is away.
            Assert.Empty(test);
            return;
        }

        Assert.Contains(test[0], (string[])["CMD", "CMD-SHELL"]);
        Assert.True(test.Length > 1);
        Assert.InRange(Seconds($"{check}/interval"), 5, 30);
        Assert.InRange(Seconds($"{check}/timeout"), 1, 10);
        Assert.InRange(Number($"{check}/retries"), 3, 10);
        Assert.InRange(Seconds($"{check}/start_period"), 20, 300);
    }

    [Theory, Trait("Trap", "1"), Trait("Defect", "D43")]
    [InlineData("api", "postgres", "minio", "meilisearch")]
    [InlineData("edge", "api")]
    [InlineData("postgres")]
    [InlineData("minio")]
    [InlineData("meilisearch")]
    [InlineData("pgadmin", "postgres")]
    [InlineData("keycloak", "postgres")]
    [InlineData("tunnel", "edge")]
    [InlineData("prometheus")]
    [InlineData("alertmanager")]
    [InlineData("grafana")]
    [InlineData("collector")]
    public void Nothing_starts_before_what_it_waits_for_is_healthy(string name, params string[] dependencies)
    {
        Assert.Equal(dependencies, projects.Complete.Keys($"services/{name}/depends_on"));
        Assert.All(dependencies, dependency =>
        {
            Assert.Equal("service_healthy", projects.Complete[$"services/{name}/depends_on/{dependency}/condition"]);
            Assert.NotEmpty(projects.Complete.List($"services/{dependency}/healthcheck/test"));
        });
    }

    [Theory, MemberData(nameof(Services)), Trait("Trap", "9")]
    public void Every_service_is_restarted_and_has_limits(string name)
    {
        Assert.Equal("unless-stopped", projects.Complete[$"services/{name}/restart"]);
        var limits = $"services/{name}/deploy/resources/limits";
        Assert.InRange(double.Parse((string)projects.Complete[$"{limits}/cpus"]!, CultureInfo.InvariantCulture), 0.1, 2);
        Assert.InRange(Megabytes((string)projects.Complete[$"{limits}/memory"]!), 64, 2048);
        Assert.Equal(["max-size", "max-file"], projects.Complete.Keys($"services/{name}/logging/options"));
        Assert.InRange(Seconds($"services/{name}/stop_grace_period"), 30, 60);
    }

    [Theory, MemberData(nameof(Services)), Trait("Trap", "9")]
    public void No_service_has_a_capability_that_it_does_not_need(string name)
    {
        Assert.Equal(["ALL"], projects.Complete.List($"services/{name}/cap_drop"));
        Assert.Equal(["no-new-privileges:true"], projects.Complete.List($"services/{name}/security_opt"));
        Assert.Null(projects.Complete[$"services/{name}/privileged"]);
        Assert.Equal(
            name switch
            {
                "postgres" => ["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
                "pgadmin" => ["NET_BIND_SERVICE"],
                _ => [],
            },
            projects.Complete.List($"services/{name}/cap_add"));
    }

    [Theory, MemberData(nameof(Services)), Trait("Trap", "9")]
    public void The_root_is_read_only_where_the_image_and_Compose_allow_it(string name)
    {
        Assert.Equal(name is "pgadmin" or "keycloak" ? "false" : "true", projects.Complete[$"services/{name}/read_only"]);
        Assert.Contains(projects.Complete.List($"services/{name}/tmpfs"), folder => folder.Split(':')[0] == "/tmp");
    }

    [Theory, MemberData(nameof(Services))]
    public void All_are_on_one_network_and_only_the_edge_is_open_to_the_host(string name)
    {
        Assert.Equal(["platform"], projects.Complete.List($"services/{name}/networks"));
        Assert.Equal(name == "edge" ? ["8080:8080"] : [], projects.Complete.List($"services/{name}/ports"));
        Assert.Null(projects.Complete[$"services/{name}/network_mode"]);
        Assert.Equal(["platform"], projects.Complete.Keys("networks"));
    }

    [Theory, MemberData(nameof(Services)), Trait("Defect", "D44")]
    public void Every_image_is_pinned(string name)
    {
        var image = (string)projects.Complete[$"services/{name}/image"]!;
        if (name is "api" or "edge")
        {
            // What `dotnet publish -t:PublishContainer` makes of this source, unless .env says another.
            var version = FileVersionInfo.GetVersionInfo(Repository.Assembly(name == "api" ? "Platform.Api" : "Platform.Edge")).ProductVersion!;
            Assert.Equal($"${{{name.ToUpperInvariant()}_IMAGE:-platform-{name}:{version.Split('+')[0]}}}", image);
        }
        else
        {
            Assert.Matches(@"^(docker|quay)\.io/[a-z0-9/-]+:(v?\d+\.\d+(\.\d+)?|RELEASE\.\d{4}-\d\d-\d\dT[\d-]+Z)$", image);
        }
    }

    [Fact]
    public void The_API_runs_twice()
    {
        Assert.Equal("2", projects.Complete["services/api/deploy/replicas"]);
        Assert.Null(projects.Complete["services/api/container_name"]);
        Assert.Null(projects.Complete["services/edge/deploy/replicas"]);
    }

    [Fact, Trait("Defect", "D43")]
    public void PostgreSQL_has_one_user_and_no_scripts_but_the_database_of_Keycloak()
    {
        Assert.Equal("postgres", projects.Standard["services/postgres/environment/POSTGRES_USER"]);
        Assert.Contains(
            "Username=postgres;", (string)projects.Standard["services/api/environment/ConnectionStrings__platformdb"]!, StringComparison.Ordinal);
        Assert.Equal(["/var/lib/postgresql"], Targets(projects.Standard, "postgres"));
        Assert.Equal(["/var/lib/postgresql", "/docker-entrypoint-initdb.d"], Targets(projects.Complete, "postgres"));
        Assert.Equal("CREATE DATABASE keycloak;\n", File.ReadAllText(Path.Combine(projects.CompleteFolder, "postgres", "keycloak.sql")));
    }

    [Fact]
    public void Health_of_PostgreSQL_is_asked_over_TCP_where_the_server_that_only_initialises_does_not_listen()
    {
        Assert.Contains("--host=127.0.0.1", projects.Standard.List("services/postgres/healthcheck/test"));
    }

    [Fact]
    public void MinIO_has_a_user_of_its_own()
    {
        Assert.Equal("${STORAGE_USER:?set STORAGE_USER in .env}", projects.Standard["services/minio/environment/MINIO_ROOT_USER"]);
        Assert.DoesNotContain("${USER", projects.Standard.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void Objects_and_the_index_are_made_by_the_API()
    {
        Assert.Equal("s3", projects.Standard["services/api/environment/Storage__Provider"]);
        Assert.Equal("meilisearch", projects.Standard["services/api/environment/Search__Provider"]);
        Assert.Equal("production", projects.Standard["services/meilisearch/environment/MEILI_ENV"]);
    }

    private double Seconds(string path) => double.Parse(((string)projects.Complete[path]!).TrimEnd('s'), CultureInfo.InvariantCulture);

    private int Number(string path) => int.Parse((string)projects.Complete[path]!, CultureInfo.InvariantCulture);

    private static int Megabytes(string size) =>
        int.Parse(size[..^1], CultureInfo.InvariantCulture) * (size[^1] switch { 'M' => 1, 'G' => 1024, _ => throw new FormatException(size) });

    private static string[] Targets(ComposeOutput project, string service) =>
    [
        .. Enumerable.Range(0, 10).Select(i => (string?)project[$"services/{service}/volumes/{i}/target"]).OfType<string>(),
    ];

    private static bool Equivalent(object? one, object? other) => (one, other) switch
    {
        (List<object?> list, List<object?> others) => list.Count == others.Count && list.Zip(others, Equivalent).All(same => same),
        (Dictionary<object, object?> map, Dictionary<object, object?> others) =>
            map.Count == others.Count && map.All(entry => Equivalent(entry.Value, others.GetValueOrDefault(entry.Key))),
        _ => Equals(one, other),
    };
}
