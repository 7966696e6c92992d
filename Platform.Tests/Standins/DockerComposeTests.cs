#pragma warning disable CS0618 // MinIO's integration is marked obsolete because MinIO's project is archived; Platform knows.

using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Aspire.Hosting.Docker;
using Aspire.Hosting.Docker.Resources.ComposeNodes;

namespace Platform.Tests.Standins;

/// <summary>What Platform relies on of the Docker Compose publisher. All of it holds for the real package, too.</summary>
public sealed class DockerComposeTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("platform-compose-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_graph_is_written_to_the_letter()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var password = builder.AddParameter("s3-password", secret: true);
            var store = builder.AddContainer("Store", "example/store", "1.2")
                .WithHttpEndpoint(targetPort: 9000)
                .WithVolume("store", "/data")
                .WithEnvironment("PASSWORD", password)
                .WithEnvironment("NOTHING", "")
                .WithEnvironment("CODE", "007")
                .WithArgs("serve", "say \"hello\"");
            builder.AddProject<Projects.Platform_Edge>("my-edge", launchProfileName: null)
                .WithHttpEndpoint(port: 8080).WithExternalHttpEndpoints()
                .WithReference(store.GetEndpoint("http")).WaitFor(store);
        });
        Assert.Equal("""
            services:
              store:
                image: "example/store:1.2"
                command:
                  - "serve"
                  - "say \"hello\""
                environment:
                  PASSWORD: "${S3_PASSWORD}"
                  NOTHING: ""
                  CODE: "007"
                expose:
                  - "9000"
                volumes:
                  - type: "volume"
                    target: "/data"
                    source: "store"
                    read_only: false
                networks:
                  - "aspire"
              my-edge:
                image: "${MY_EDGE_IMAGE}"
                environment:
                  OTEL_DOTNET_EXPERIMENTAL_OTLP_RETRY: "in_memory"
                  ASPNETCORE_FORWARDEDHEADERS_ENABLED: "true"
                  HTTP_PORTS: "${MY_EDGE_PORT}"
                  STORE_HTTP: "http://Store:9000"
                  services__Store__http__0: "http://Store:9000"
                ports:
                  - "8080:${MY_EDGE_PORT}"
                depends_on:
                  store:
                    condition: "service_started"
                networks:
                  - "aspire"
            networks:
              aspire:
                driver: "bridge"
            volumes:
              store:
                driver: "local"

            """, output.Text);
        Assert.Equal("""
            # Container image name for my-edge
            MY_EDGE_IMAGE=

            # Default container port for my-edge
            MY_EDGE_PORT=

            # Parameter s3-password
            S3_PASSWORD=


            """, await File.ReadAllTextAsync(Path.Combine(_folder, ".env")));
    }

    [Fact]
    public async Task Connection_strings_name_services_and_leave_secrets_to_the_deployment()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var user = builder.AddParameter("storage-user", "platform", publishValueAsDefault: true);
            var password = builder.AddParameter("storage-password", "opensesame", secret: true);
            var key = builder.AddParameter("search-key", "opensesame", secret: true);
            var database = builder.AddPostgres("postgres", password: password).AddDatabase("platformdb");
            var objects = builder.AddMinioContainer("objects", user, password);
            var search = builder.AddMeilisearch("search", key);
            builder.AddProject<Projects.Platform_Api>("api", launchProfileName: null)
                .WithReference(database).WithReference(objects).WithReference(search);
        });
        Assert.Equal(
            "Host=postgres;Port=5432;Username=postgres;Password=${STORAGE_PASSWORD};Database=platformdb",
            output["services/api/environment/ConnectionStrings__platformdb"]);
        Assert.Equal(
            "Endpoint=http://objects:9000;AccessKey=${STORAGE_USER};SecretKey=${STORAGE_PASSWORD}",
            output["services/api/environment/ConnectionStrings__objects"]);
        Assert.Equal("Endpoint=http://search:7700;MasterKey=${SEARCH_KEY}", output["services/api/environment/ConnectionStrings__search"]);
        Assert.DoesNotContain("opensesame", output.Text + string.Concat(output.Env), StringComparison.Ordinal);

        // A default that may be published is not: it is a value of the deployment like any other.
        Assert.Contains("STORAGE_USER=", output.Env);
    }

    [Fact]
    public async Task Only_external_endpoints_get_a_port_of_the_host()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            builder.AddContainer("proxy", "example/proxy")
                .WithHttpEndpoint(port: 80, targetPort: 8080)
                .WithHttpEndpoint(targetPort: 8081, name: "second")
                .WithExternalHttpEndpoints()
                .WithEndpoint(port: 25, targetPort: 2525, name: "smtp");
            builder.AddProject<Projects.Platform_Api>("api", launchProfileName: null)
                .WithHttpEndpoint()
                .WithHttpEndpoint(targetPort: 9090, name: "management");
        });
        Assert.Equal(["80:8080", "8081"], output.List("services/proxy/ports"));
        Assert.Equal(["2525"], output.List("services/proxy/expose"));
        Assert.Empty(output.List("services/api/ports"));
        Assert.Equal(["${API_PORT}", "9090"], output.List("services/api/expose"));
        Assert.Equal("${API_PORT};9090", output["services/api/environment/HTTP_PORTS"]);
    }

    [Fact]
    public async Task Waiting_for_health_becomes_waiting_for_the_start()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var database = builder.AddPostgres("postgres").AddDatabase("platformdb");
            var objects = builder.AddMinioContainer("objects");
            var migration = builder.AddContainer("migration", "example/migration");
            builder.AddContainer("app", "example/app")
                .WaitFor(database).WaitForStart(objects).WaitForCompletion(migration).WaitFor(builder.AddParameter("key"));
        });
        Assert.Equal(["postgres", "objects", "migration"], output.Keys("services/app/depends_on"));
        Assert.Equal("service_started", output["services/app/depends_on/postgres/condition"]);
        Assert.Equal("service_started", output["services/app/depends_on/objects/condition"]);
        Assert.Equal("service_completed_successfully", output["services/app/depends_on/migration/condition"]);
    }

    [Fact]
    public async Task Nothing_but_what_the_graph_says_is_written()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            builder.AddPostgres("postgres").WithPgAdmin();
            builder.AddProject<Projects.Platform_Api>("api", launchProfileName: null)
                .WithHttpEndpoint().WithHttpHealthCheck("/health/ready").WithReplicas(2);
            builder.AddContainer("tool", "example/tool").ExcludeFromManifest();
        });
        Assert.Equal(["postgres", "api"], output.Keys("services"));
        foreach (var key in output.Keys("services").SelectMany(service => output.Keys($"services/{service}")))
        {
            // Neither restart policies nor limits, health checks or replicas: those are the graph's own to set.
            Assert.Contains(key, (string[])["image", "environment", "expose", "networks"]);
        }
    }

    [Fact]
    public async Task Https_addresses_are_not_service_discovery()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var edge = builder.AddProject<Projects.Platform_Edge>("edge", launchProfileName: null).WithHttpEndpoint().WithHttpsEndpoint();
            builder.AddContainer("probe", "example/probe").WithReference(edge);
        });
        Assert.Equal("http://edge:${EDGE_PORT}", output["services/probe/environment/services__edge__http__0"]);
        Assert.Null(output["services/probe/environment/services__edge__https__0"]);
        Assert.StartsWith("https://edge:", (string?)output["services/probe/environment/EDGE_HTTPS"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Paths_of_this_machine_become_placeholders_and_volumes_are_declared_once()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            builder.AddContainer("node-exporter", "example/exporter")
                .WithBindMount("/proc", "/host/proc", isReadOnly: true)
                .WithBindMount("/var/run/docker.sock", "/var/run/docker.sock")
                .WithBindMount("/sys", "/host/sys")
                .WithVolume("shared", "/shared");
            builder.AddContainer("reader", "example/reader").WithVolume("shared", "/shared", isReadOnly: true);
        });
        Assert.Equal("${NODE_EXPORTER_BINDMOUNT_0}", output["services/node-exporter/volumes/0/source"]);
        Assert.Equal("true", output["services/node-exporter/volumes/0/read_only"]);
        Assert.Equal("/var/run/docker.sock", output["services/node-exporter/volumes/1/source"]);
        Assert.Equal("${NODE_EXPORTER_BINDMOUNT_1}", output["services/node-exporter/volumes/2/source"]);
        Assert.Equal("shared", output["services/reader/volumes/0/source"]);
        Assert.Equal(["shared"], output.Keys("volumes"));
        Assert.Equal(
            ["# Bind mount source for node-exporter:/host/proc", "NODE_EXPORTER_BINDMOUNT_0=",
             "# Bind mount source for node-exporter:/host/sys", "NODE_EXPORTER_BINDMOUNT_1="],
            output.Env);
    }

    [Fact]
    public async Task Files_with_contents_become_configs_that_Compose_still_expands()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) => builder.AddContainer("prometheus", "example/prometheus")
            .WithContainerFiles(
                "/etc/prometheus",
                [
                    new ContainerFile { Name = "rules.yml", Contents = "summary: {{ $labels.job }}\n" },
                    new ContainerFile { Name = "run.sh", Contents = "ls", Owner = 65534, Mode = UnixFileMode.UserRead | UnixFileMode.UserExecute },
                ],
                defaultOwner: 1000));
        Assert.Equal("summary: {{ $labels.job }}\n", output["configs/prometheus__etc_prometheus_rules.yml/content"]);
        Assert.Equal("prometheus__etc_prometheus_rules.yml", output["services/prometheus/configs/0/source"]);
        Assert.Equal("/etc/prometheus/rules.yml", output["services/prometheus/configs/0/target"]);
        Assert.Equal("1000", output["services/prometheus/configs/0/uid"]);
        Assert.Contains("        mode: 0644\n", output.Text, StringComparison.Ordinal);
        Assert.Equal("65534", output["services/prometheus/configs/1/uid"]);
        Assert.Contains("        mode: 0500\n", output.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_first_file_of_a_directory_is_where_it_belongs()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) => builder.AddContainer("prometheus", "example/prometheus")
            .WithContainerFiles(
                "/etc/prometheus",
                [
                    new ContainerDirectory
                    {
                        Name = "rules",
                        Entries = [new ContainerFile { Name = "a.yml", Contents = "a" }, new ContainerFile { Name = "b.yml", Contents = "b" }],
                    },
                ]));
        Assert.Equal("/etc/prometheus/rules/a.yml", output["services/prometheus/configs/0/target"]);
        Assert.Equal("/etc/prometheus/rules/rules/b.yml", output["services/prometheus/configs/1/target"]);
    }

    [Fact]
    public async Task Files_of_this_machine_are_copied_once_and_never_overwritten()
    {
        var source = Path.Combine(_folder, "source.txt");
        await File.WriteAllTextAsync(source, "content");
        var target = Path.Combine(_folder, "out");
        Action<IDistributedApplicationBuilder, IResourceBuilder<DockerComposeEnvironmentResource>> graph = (builder, _) =>
            builder.AddContainer("app", "example/app")
                .WithContainerFiles("/etc/app", [new ContainerFile { Name = "app.txt", SourcePath = source }]);

        var output = await ComposeOutput.PublishAsync(target, graph);
        Assert.Equal("app/source.txt", output["configs/app__etc_app_app.txt/file"]);
        Assert.Equal("content", await File.ReadAllTextAsync(Path.Combine(target, "app", "source.txt")));
        await Assert.ThrowsAsync<DistributedApplicationException>(() => ComposeOutput.PublishAsync(target, graph));
    }

    [Fact]
    public async Task A_path_as_the_source_of_files_becomes_a_placeholder()
    {
        var source = Path.Combine(_folder, "source.txt");
        await File.WriteAllTextAsync(source, "content");
        var output = await ComposeOutput.PublishAsync(
            _folder, (builder, _) => builder.AddContainer("app", "example/app").WithContainerFiles("/etc/app", source));
        Assert.Equal("${APP_BINDMOUNT_0}", output["services/app/volumes/0/source"]);
        Assert.Empty(output.Keys("configs"));
    }

    [Fact]
    public async Task Variables_in_a_command_are_left_to_the_shell_but_not_to_other_programs()
    {
        const string Script = "echo $A ${B} ${C:-${D}} $$E $1 $(date) $F-g ${H?}";
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            builder.AddContainer("shell", "example/shell").WithEntrypoint("/bin/sh").WithArgs("-c", Script);
            builder.AddContainer("program", "example/program").WithEntrypoint("/bin/echo").WithArgs(Script);
        });
        Assert.Equal(["/bin/sh"], output.List("services/shell/entrypoint"));
        Assert.Equal(["-c", "echo $$A $${B} $${C:-$${D}} $$E $1 $(date) $F-g ${H?}"], output.List("services/shell/command"));
        Assert.Equal([Script], output.List("services/program/command"));
    }

    [Fact]
    public async Task Conditions_are_decided_when_the_graph_is_published()
    {
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var key = builder.AddParameter("key", "yes");
            builder.AddContainer("app", "example/app")
                .WithEnvironment("THEN", ReferenceExpression.CreateConditional(
                    key.Resource, "YES", ReferenceExpression.Create($"with {key}"), ReferenceExpression.Empty))
                .WithEnvironment("ELSE", ReferenceExpression.CreateConditional(
                    key.Resource, "no", ReferenceExpression.Create($"with {key}"), ReferenceExpression.Empty));
        });
        Assert.Equal("with ${KEY}", output["services/app/environment/THEN"]);
        Assert.Equal("", output["services/app/environment/ELSE"]);
    }

    [Fact]
    public async Task What_was_filled_in_stays_and_what_is_new_is_added_empty()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, ".env"), """
            # A remark that belongs to nothing

            # My own words
            API_KEY=a=b c
            OLD_KEY=1

            # Parameter tunnel-token
            TUNNEL_TOKEN=
            """);
        var output = await ComposeOutput.PublishAsync(_folder, (builder, _) => builder.AddContainer("app", "example/app")
            .WithEnvironment("A", builder.AddParameter("api-key", secret: true))
            .WithEnvironment("B", builder.AddParameter("slack-url"))
            .WithEnvironment("C", builder.AddParameter("tunnel-token", secret: true)));
        Assert.Equal(
            ["# My own words", "API_KEY=a=b c", "OLD_KEY=1", "# Parameter slack-url", "SLACK_URL=", "# Parameter tunnel-token", "TUNNEL_TOKEN="],
            output.Env);
    }

    [Fact]
    public async Task Services_are_changed_one_by_one_and_then_together_and_last_the_variables()
    {
        var steps = new List<string>();
        var output = await ComposeOutput.PublishAsync(_folder, (builder, compose) =>
        {
            compose
                .WithProperties(environment => environment.DefaultNetworkName = "platform")
                .ConfigureComposeFile(file =>
                {
                    steps.Add("file");
                    file.Name = "platform";
                    file.AddNetwork(new Network { Name = "outside", External = true });
                    foreach (var service in file.Services.Values)
                    {
                        service.Restart = "unless-stopped";
                    }
                })
                .ConfigureEnvFile(variables =>
                {
                    steps.Add("variables");
                    Assert.Equal("Parameter limit", variables["LIMIT"].Description);
                    variables["LIMIT"].Description = "How much memory";
                    variables.Remove("APP_IMAGE");
                });
            var limit = builder.AddParameter("limit");
            builder.AddProject<Projects.Platform_Api>("app", launchProfileName: null).PublishAsDockerComposeService((resource, service) =>
            {
                steps.Add("service");
                Assert.Equal("app", resource.Name);
                Assert.Same(compose.Resource, resource.Parent);
                service.Healthcheck = new() { Test = ["CMD", "true"], Interval = "5s", Timeout = "3s", StartPeriod = "1s", Retries = 3 };
                service.Deploy = new() { Replicas = 2, Resources = new() { Limits = new() { Memory = limit.AsEnvironmentPlaceholder(resource) } } };
                service.CapDrop.Add("ALL");
                service.ReadOnly = true;
                service.Networks.Add("outside");
            });
        });
        Assert.Equal(["service", "file", "variables"], steps);
        Assert.Equal("platform", output["name"]);
        Assert.Equal(["platform", "outside"], output.List("services/app/networks"));
        Assert.Equal(["image", "environment", "networks", "restart", "deploy", "healthcheck", "cap_drop", "read_only"], output.Keys("services/app"));
        Assert.Equal("${LIMIT}", output["services/app/deploy/resources/limits/memory"]);
        Assert.Equal(["test", "interval", "timeout", "retries", "start_period"], output.Keys("services/app/healthcheck"));
        Assert.Equal(["platform", "outside"], output.Keys("networks"));
        Assert.Equal(["# How much memory", "LIMIT="], output.Env);
    }

    [Fact]
    public async Task Environments_share_a_graph_in_folders_of_their_own()
    {
        await ComposeOutput.PublishAsync(_folder, (builder, first) =>
        {
            var second = builder.AddDockerComposeEnvironment("second").WithDashboard(false);
            builder.AddContainer("a", "example/a").WithBindMount("/proc", "/proc").WithComputeEnvironment(first);
            builder.AddContainer("b", "example/b").WithComputeEnvironment(second);
        });
        Assert.Equal(["a"], new ComposeOutput(Path.Combine(_folder, "compose")).Keys("services"));
        Assert.Equal(["b"], new ComposeOutput(Path.Combine(_folder, "second")).Keys("services"));
        Assert.True(File.Exists(Path.Combine(_folder, "compose", ".env")));
        Assert.False(File.Exists(Path.Combine(_folder, "second", ".env")));
    }

    [Fact]
    public async Task An_address_that_is_in_no_service_fails()
    {
        await Assert.ThrowsAsync<DistributedApplicationException>(() => ComposeOutput.PublishAsync(_folder, (builder, _) =>
        {
            var program = builder.AddExecutable("program", "true", ".").WithHttpEndpoint(targetPort: 80);
            builder.AddContainer("app", "example/app").WithReference(program.GetEndpoint("http"));
        }));
        Assert.False(File.Exists(Path.Combine(_folder, "docker-compose.yaml")));
    }

    [Fact]
    public async Task A_service_without_an_environment_fails()
    {
        var failure = await Assert.ThrowsAnyAsync<Exception>(() => ComposeOutput.PublishAsync(
            _folder, builder => builder.AddContainer("app", "example/app").PublishAsDockerComposeService((_, _) => { })));
        Assert.Contains("'app'", failure.Message, StringComparison.Ordinal);
        Assert.Contains(nameof(DockerComposeEnvironmentExtensions.AddDockerComposeEnvironment), failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Running_knows_nothing_of_Compose()
    {
        var builder = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { AssemblyName = "Platform.AppHost" });
        var compose = builder.AddDockerComposeEnvironment("compose");
        var app = builder.AddContainer("app", "example/app").PublishAsDockerComposeService((_, _) => { });
        Assert.DoesNotContain(compose.Resource, builder.Resources);
        Assert.Empty(app.Resource.Annotations.OfType<DockerComposeServiceCustomizationAnnotation>());
    }
}
