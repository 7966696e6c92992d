using System.Globalization;
using System.Text.RegularExpressions;
using Aspire.Hosting;
using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.DependencyInjection;
using Platform.AppHost.Publishing;
using Platform.Tests.Standins;

namespace Platform.Tests.Publishing;

/// <summary>
/// What Aspire publishes by itself is not what runs. Its traps have numbers; the first and the ninth are in <see cref="ServiceTests"/>.
/// </summary>
[Collection(PublishingSuite.Name)]
public sealed partial class TrapTests(PublishedProjects projects)
{
    private ComposeOutput Project => projects.Complete;

    [Fact, Trait("Trap", "2")]
    public void The_database_that_the_API_connects_to_is_made_by_the_server()
    {
        Assert.EndsWith(
            $";Database={Project["services/postgres/environment/POSTGRES_DB"]}",
            (string)Project["services/api/environment/ConnectionStrings__platformdb"]!,
            StringComparison.Ordinal);
        Assert.Equal("jdbc:postgresql://postgres:5432/keycloak", Project["services/keycloak/environment/KC_DB_URL"]);
    }

    [Fact, Trait("Trap", "3")]
    public void PgAdmin_is_published_and_asks_who_is_there()
    {
        Assert.Equal("True", Project["services/pgadmin/environment/PGADMIN_CONFIG_SERVER_MODE"]);
        Assert.Equal("${PGADMIN_PASSWORD:?set PGADMIN_PASSWORD in .env}", Project["services/pgadmin/environment/PGADMIN_DEFAULT_PASSWORD"]);
        Assert.DoesNotContain("POSTGRES_PASSWORD", Project.Keys("services/pgadmin/environment"));
    }

    [Fact, Trait("Trap", "4")]
    public void What_is_mounted_lies_beside_the_project_and_only_the_exporter_sees_the_host()
    {
        Assert.DoesNotContain("BINDMOUNT", Project.Text, StringComparison.Ordinal);
        Assert.Empty(Project.Keys("configs"));
        var mounts = Project.Keys("services").SelectMany(service => Mounts(service, "bind")).ToArray();
        Assert.All(mounts, mount => Assert.Equal("true", mount.ReadOnly));
        Assert.Equal([("node-exporter", "/")], mounts.Where(mount => mount.Source![0] != '.').Select(mount => (mount.Service, mount.Source!)));
        Assert.Equal(
            mounts.Where(mount => mount.Source![0] == '.').Select(mount => mount.Source![2..])
                .Append(".env").Append("docker-compose.yaml").Order(StringComparer.Ordinal),
            Directory.GetFileSystemEntries(projects.CompleteFolder).Select(path => Path.GetFileName(path)!).Order(StringComparer.Ordinal));
        Assert.All(mounts.Where(mount => mount.Source![0] == '.'), mount =>
            Assert.NotEmpty(Directory.GetFiles(Path.Combine(projects.CompleteFolder, mount.Source!), "*", SearchOption.AllDirectories)));
    }

    [Fact, Trait("Trap", "5")]
    public async Task Files_of_containers_stand_to_the_letter_in_their_folders_published_or_not()
    {
        const string Contents = "{{ $value }} of $labels.job ${HOME} $$";
        var folder = projects.NewFolder();
        var publication = await ComposeOutput.PublishAsync(
            folder,
            builder =>
            {
                builder.AddComposeEnvironment();
                builder.AddContainer("app", "example/app", "1.0").WithConfigFiles("/etc/app", File("rules.yml"), File("rules/a.yml"))
                    .PublishAs(new() { Healthcheck = ["CMD", "true"], Memory = "64M", Cpus = "0.1" });
            });
        Assert.Equal([("app", "./app", "/etc/app", "true")], Mounts(publication, "app", "bind"));
        Assert.Equal(Contents, await System.IO.File.ReadAllTextAsync(Path.Combine(folder, "app", "rules.yml")));
        Assert.Equal(Contents, await System.IO.File.ReadAllTextAsync(Path.Combine(folder, "app", "rules", "a.yml")));

        var running = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { AssemblyName = "Platform.AppHost" });
        var app = running.AddContainer("app", "example/app").WithConfigFiles("/etc/app", File("rules.yml"), File("rules/a.yml"));
        Assert.Equal([("/etc/app", "rules.yml", Contents), ("/etc/app/rules", "a.yml", Contents)], await FilesAsync(app.Resource));

        static ConfigFile File(string name) => new(name, _ => Task.FromResult(Contents));
    }

    [Fact, Trait("Trap", "5")]
    public void Every_dollar_sign_begins_a_variable_of_the_env_file_or_is_doubled()
    {
        Assert.All(DollarSign().Matches(Project.Text), dollar => Assert.NotEqual("$", dollar.Value));
        Assert.Contains("\"$$SERVERS\"", (string)Project["services/pgadmin/command/1"]!, StringComparison.Ordinal);
        Assert.Contains("\"$$status\"", (string)Project["services/keycloak/healthcheck/test/3"]!, StringComparison.Ordinal);
    }

    [Fact, Trait("Trap", "7")]
    public async Task Publishing_again_into_the_same_folder_changes_nothing()
    {
        var folder = projects.NewFolder();
        await Publication.IntoAsync(folder, PublishedProjects.WithEverything);
        var first = Files(folder);
        await Publication.IntoAsync(folder, PublishedProjects.WithEverything);
        Assert.Equal(first, Files(folder));
    }

    [Fact, Trait("Trap", "8")]
    public void Services_talk_http_to_each_other()
    {
        Assert.Equal("http://api:8080", Project["services/edge/environment/services__api__http__0"]);
        Assert.DoesNotContain("https://", Project.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("__https__", Project.Text, StringComparison.Ordinal);
        // Whose word about its clients is taken is said by name; Aspire's own switch believes everybody.
        Assert.DoesNotContain("FORWARDEDHEADERS", Project.Text, StringComparison.Ordinal);
    }

    [Theory, Trait("Trap", "10")]
    [InlineData("api", "Platform.Api.dll")]
    [InlineData("edge", "Platform.Edge.dll")]
    public void A_service_checks_itself_for_its_image_has_no_curl(string name, string program)
    {
        Assert.Equal(["CMD", "dotnet", program, "--health"], Project.List($"services/{name}/healthcheck/test"));
        Assert.Equal("8081", Project[$"services/{name}/environment/Management__Port"]);
        Assert.Equal("8080;8081", Project[$"services/{name}/environment/HTTP_PORTS"]);
    }

    [Fact, Trait("Trap", "11")]
    public void Volumes_have_names_that_stay()
    {
        (string, string, string)[] mounts =
        [
            ("postgres", "platform-postgres", "/var/lib/postgresql"), ("minio", "platform-minio", "/data"),
            ("meilisearch", "platform-meilisearch", "/meili_data"), ("pgadmin", "platform-pgadmin", "/var/lib/pgadmin"),
            ("prometheus", "platform-prometheus", "/prometheus"), ("alertmanager", "platform-alertmanager", "/alertmanager"),
            ("loki", "platform-loki", "/loki"), ("tempo", "platform-tempo", "/var/tempo"), ("grafana", "platform-grafana", "/var/lib/grafana"),
        ];
        Assert.Equal(mounts.Select(mount => mount.Item2).Order(), Project.Keys("volumes").Order());
        Assert.Equal(
            mounts.Order(),
            Project.Keys("services").SelectMany(service => Mounts(service, "volume")).Select(mount => (mount.Service, mount.Source!, mount.Target!)).Order());
    }

    [Fact, Trait("Trap", "12")]
    public void Values_that_stand_in_connection_strings_are_said_to_be_letters_and_digits()
    {
        var variables = Project.Keys("services/api/environment").Where(name => name.StartsWith("ConnectionStrings__", StringComparison.Ordinal))
            .SelectMany(name => Variable().Matches((string)Project[$"services/api/environment/{name}"]!).Select(match => match.Groups["name"].Value))
            .Order().ToArray();
        Assert.Equal(["POSTGRES_PASSWORD", "SEARCH_KEY", "STORAGE_PASSWORD", "STORAGE_USER"], variables);
        Assert.All(variables, variable => Assert.Contains(
            "Letters and digits only, such as ", Project.Env[Array.IndexOf(Project.Env, $"{variable}=") - 1], StringComparison.Ordinal));
    }

    private IEnumerable<(string Service, string? Source, string? Target, string? ReadOnly)> Mounts(string service, string type) =>
        Mounts(Project, service, type);

    private static IEnumerable<(string Service, string? Source, string? Target, string? ReadOnly)> Mounts(
        ComposeOutput project, string service, string type)
    {
        for (var mount = $"services/{service}/volumes/0"; project[mount] is not null; mount = Next(mount))
        {
            if (Equals(type, project[$"{mount}/type"]))
            {
                yield return (service, (string?)project[$"{mount}/source"], (string?)project[$"{mount}/target"], (string?)project[$"{mount}/read_only"]);
            }
        }

        static string Next(string mount)
        {
            var number = mount.LastIndexOf('/') + 1;
            return mount[..number] + (int.Parse(mount[number..], CultureInfo.InvariantCulture) + 1).ToString(CultureInfo.InvariantCulture);
        }
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(folder, file), File.ReadAllText);

    private static async Task<List<(string Folder, string Name, string? Contents)>> FilesAsync(ContainerResource container)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        List<(string, string, string?)> files = [];
        foreach (var annotation in container.Annotations.OfType<ContainerFileSystemCallbackAnnotation>())
        {
            var items = await annotation.Callback(new() { Model = container, Services = services }, CancellationToken.None);
            files.AddRange(items.Cast<ContainerFile>().Select(file => (annotation.DestinationPath, file.Name, file.Contents)));
        }

        return files;
    }

    [GeneratedRegex(@"\$\$|\$\{[A-Z][A-Z0-9_]*(:[?-][^}]*)?\}|\$")]
    private static partial Regex DollarSign();

    [GeneratedRegex(@"\$\{(?<name>[A-Z][A-Z0-9_]*)")]
    private static partial Regex Variable();
}
