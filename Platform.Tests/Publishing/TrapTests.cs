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
        Assert.Contains(Project.Keys("configs"), config => Equals("CREATE DATABASE keycloak;\n", Project[$"configs/{config}/content"]));
    }

    [Fact, Trait("Trap", "3")]
    public void PgAdmin_is_published_and_asks_who_is_there()
    {
        Assert.Equal("True", Project["services/pgadmin/environment/PGADMIN_CONFIG_SERVER_MODE"]);
        Assert.Equal("${PGADMIN_PASSWORD:?set PGADMIN_PASSWORD in .env}", Project["services/pgadmin/environment/PGADMIN_DEFAULT_PASSWORD"]);
        Assert.DoesNotContain("POSTGRES_PASSWORD", Project.Keys("services/pgadmin/environment"));
    }

    [Fact, Trait("Trap", "4")]
    public void No_file_of_the_publishing_machine_is_mounted()
    {
        Assert.DoesNotContain("BINDMOUNT", Project.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("type: \"bind\"", Project.Text, StringComparison.Ordinal);
        Assert.All(Project.Keys("configs"), config => Assert.Equal(["content"], Project.Keys($"configs/{config}")));
        Assert.Equal([".env", "docker-compose.yaml"], Directory.GetFileSystemEntries(projects.CompleteFolder).Select(Path.GetFileName).Order());
    }

    [Fact, Trait("Trap", "5")]
    public async Task Dollar_signs_of_files_are_doubled_where_Compose_would_read_them_and_nowhere_else()
    {
        const string Contents = "{{ $value }} of $labels.job ${HOME} $$";
        var published = await ComposeOutput.PublishAsync(
            projects.NewFolder(), (builder, _) => builder.AddContainer("app", "example/app").WithConfigFiles("/etc/app", ("rules.yml", Contents)));
        Assert.Equal("{{ $$value }} of $$labels.job $${HOME} $$$$", published[$"configs/{Assert.Single(published.Keys("configs"))}/content"]);

        var running = DistributedApplication.CreateBuilder(new DistributedApplicationOptions { AssemblyName = "Platform.AppHost" });
        var app = running.AddContainer("app", "example/app").WithConfigFiles("/etc/app", ("rules.yml", Contents));
        Assert.Equal(Contents, Assert.Single(await FilesAsync(app.Resource)).Contents);
    }

    [Fact, Trait("Trap", "5")]
    public void Every_dollar_sign_begins_a_variable_of_the_env_file_or_is_doubled()
    {
        Assert.All(DollarSign().Matches(Project.Text), dollar => Assert.NotEqual("$", dollar.Value));
        Assert.Contains("\"$$SERVERS\"", (string)Project["services/pgadmin/command/1"]!, StringComparison.Ordinal);
        Assert.Contains("\"$$status\"", (string)Project["services/keycloak/healthcheck/test/3"]!, StringComparison.Ordinal);
    }

    [Fact, Trait("Trap", "6")]
    public async Task Every_file_of_a_folder_is_in_that_folder()
    {
        var published = await ComposeOutput.PublishAsync(
            projects.NewFolder(),
            (builder, _) => builder.AddContainer("app", "example/app").WithConfigFiles("/etc/app", ("a.yml", "a"), ("b.yml", "b"), ("c.yml", "c")));
        Assert.Equal(
            ["/etc/app/a.yml", "/etc/app/b.yml", "/etc/app/c.yml"],
            Enumerable.Range(0, 3).Select(i => (string)published[$"services/app/configs/{i}/target"]!));
        Assert.Equal(["a", "b", "c"], published.Keys("configs").Select(name => (string)published[$"configs/{name}/content"]!));
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
        Assert.Equal(["platform-meilisearch", "platform-minio", "platform-pgadmin", "platform-postgres"], Project.Keys("volumes").Order());
        Assert.Equal(
            [("postgres", "platform-postgres", "/var/lib/postgresql"), ("minio", "platform-minio", "/data"),
                ("meilisearch", "platform-meilisearch", "/meili_data"), ("pgadmin", "platform-pgadmin", "/var/lib/pgadmin")],
            Project.Keys("services").SelectMany(service => Mounts(service)));
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

    private IEnumerable<(string Service, string? Volume, string? Target)> Mounts(string service)
    {
        for (var i = 0; Project[$"services/{service}/volumes/{i}"] is not null; i++)
        {
            var mount = $"services/{service}/volumes/{i}";
            yield return (service, (string?)Project[$"{mount}/source"], (string?)Project[$"{mount}/target"]);
        }
    }

    private static Dictionary<string, string> Files(string folder) =>
        Directory.GetFiles(folder, "*", SearchOption.AllDirectories).ToDictionary(file => Path.GetRelativePath(folder, file), File.ReadAllText);

    private static async Task<ContainerFile[]> FilesAsync(ContainerResource container)
    {
        await using var services = new ServiceCollection().BuildServiceProvider();
        var items = await Assert.Single(container.Annotations.OfType<ContainerFileSystemCallbackAnnotation>())
            .Callback(new() { Model = container, Services = services }, CancellationToken.None);
        return [.. items.Cast<ContainerFile>()];
    }

    [GeneratedRegex(@"\$\$|\$\{[A-Z][A-Z0-9_]*(:[?-][^}]*)?\}|\$")]
    private static partial Regex DollarSign();

    [GeneratedRegex(@"\$\{(?<name>[A-Z][A-Z0-9_]*)")]
    private static partial Regex Variable();
}
