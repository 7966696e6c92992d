using System.Diagnostics;
using Platform.Tests.Standins;
using YamlDotNet.Serialization;

namespace Platform.Tests.Publishing;

/// <summary>What <c>docker-compose config</c> says of the published projects; it needs no engine.</summary>
[Collection(PublishingSuite.Name)]
public sealed class DockerComposeCommandTests(PublishedProjects projects)
{
    private const string Value = "0123456789abcdef0123456789abcdef";

    public static TheoryData<string> RequiredVariables => EnvFileTests.RequiredVariables;

    [Fact]
    public async Task It_accepts_what_is_published_and_puts_the_values_where_they_belong()
    {
        var checkedProject = await ConfigAsync(projects.Standard, except: null);
        if (checkedProject is null)
        {
            return;
        }

        Assert.True(checkedProject.ExitCode == 0, checkedProject.Console);
        var api = Environment(checkedProject, "api");
        Assert.Equal($"Host=postgres;Port=5432;Username=postgres;Password={Value};Database=platformdb", api["ConnectionStrings__platformdb"]);
        Assert.Equal($"Endpoint=http://minio:9000;AccessKey={Value};SecretKey={Value}", api["ConnectionStrings__objects"]);
        Assert.Equal($"Endpoint=http://meilisearch:7700;MasterKey={Value}", api["ConnectionStrings__search"]);
        Assert.Equal("", api["Mail__SmtpUrl"]);
        Assert.Equal("s3+http://minio:9000/platform-backups", api["Backups__Url"]);
        Assert.Equal("1.00:00:00", api["Backups__Interval"]);
        Assert.Equal("7,4,12", api["Backups__Keep"]);
        Assert.Equal("", api["Backups__EncryptionKey"]);
        Assert.Contains("image: platform-api:1.0.0\n", checkedProject.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_accepts_Keycloak_and_the_tunnel()
    {
        var checkedProject = await ConfigAsync(projects.Complete, except: null);
        if (checkedProject is null)
        {
            return;
        }

        Assert.True(checkedProject.ExitCode == 0, checkedProject.Console);
        Assert.Equal(Value, Environment(checkedProject, "tunnel")["TUNNEL_TOKEN"]);
        Assert.Equal(Value, Environment(checkedProject, "keycloak")["KC_DB_PASSWORD"]);
    }

    [Theory, MemberData(nameof(RequiredVariables))]
    public async Task It_refuses_a_project_without_a_required_value_and_names_the_variable(string variable)
    {
        if (await ConfigAsync(projects.Complete, except: variable) is not { } refused)
        {
            return;
        }

        Assert.NotEqual(0, refused.ExitCode);
        Assert.EndsWith($"set {variable} in .env\n", refused.Error, StringComparison.Ordinal);
    }

    /// <summary>Asks for the project with a value for each required variable but one; null where there is no docker-compose.</summary>
    private async Task<Publication?> ConfigAsync(ComposeOutput project, string? except)
    {
        var path = System.Environment.GetEnvironmentVariable("PATH")!.Split(Path.PathSeparator);
        if (!path.Any(directory => File.Exists(Path.Combine(directory, "docker-compose"))))
        {
            Assert.True(System.Environment.GetEnvironmentVariable("CI") is not "true", "CI has to have docker-compose.");
            return null;
        }

        var folder = Directory.CreateDirectory(projects.NewFolder()).FullName;
        await File.WriteAllTextAsync(Path.Combine(folder, "docker-compose.yaml"), project.Text);
        await File.WriteAllLinesAsync(Path.Combine(folder, ".env"), project.Env.Select((line, i) =>
            line[0] == '#' || line == $"{except}=" || project.Env[i - 1].StartsWith("# Optional.", StringComparison.Ordinal) ? line : line + Value));
        var start = new ProcessStartInfo("docker-compose", ["config"])
        {
            WorkingDirectory = folder,
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        // What stands in the environment comes before what stands in .env.
        foreach (var line in project.Env)
        {
            start.Environment.Remove(line.TrimEnd('='));
        }

        return await Publication.RunAsync(start);
    }

    private static Dictionary<object, object?> Environment(Publication project, string service)
    {
        var file = new DeserializerBuilder().Build().Deserialize<Dictionary<string, object?>>(project.Output);
        var services = Assert.IsType<Dictionary<object, object?>>(file["services"]);
        return Assert.IsType<Dictionary<object, object?>>(Assert.IsType<Dictionary<object, object?>>(services[service])["environment"]);
    }
}
