using System.Text.RegularExpressions;
using Platform.Tests.Standins;

namespace Platform.Tests.Publishing;

/// <summary>The file in which a person says what only the deployment knows, and what never gets into it by itself.</summary>
[Collection(PublishingSuite.Name)]
public sealed partial class EnvFileTests(PublishedProjects projects)
{
    private const string Secret = "s3cret-of-the-publishing-machine";

    private static readonly string[] Required =
    [
        "ADMIN_PASSWORD", "ADMIN_USER", "API_KEY", "EDGE_KEY", "GRAFANA_PASSWORD", "KEYCLOAK_PASSWORD", "KEYCLOAK_URL", "LINK_KEY", "PGADMIN_EMAIL",
        "PGADMIN_PASSWORD", "POSTGRES_PASSWORD", "SEARCH_KEY", "SITE_URL", "STORAGE_PASSWORD", "STORAGE_USER", "TUNNEL_TOKEN",
    ];

    private static readonly string[] Optional = [
        "ALERT_WEBHOOK_URL", "API_IMAGE", "BACKUP_INTERVAL", "BACKUP_KEEP", "BACKUP_KEY", "BACKUP_URL", "EDGE_IMAGE", "MAIL_TO", "OIDC_AUTHORITY",
        "OIDC_CLIENT_ID", "OIDC_CLIENT_SECRET", "PAGERDUTY_KEY", "SLACK_URL", "SMTP_URL",
    ];

    public static TheoryData<string> RequiredVariables => new(Required);

    [Fact]
    public void Every_placeholder_is_a_line_of_the_env_file_and_the_other_way_round()
    {
        foreach (var project in (ComposeOutput[])[projects.Standard, projects.Complete])
        {
            var placeholders = Placeholder().Matches(project.Text).Select(match => match.Groups["name"].Value).Distinct().Order();
            Assert.Equal(placeholders, Variables(project).Order());
        }

        Assert.Equal([.. Required.Concat(Optional).Order()], Variables(projects.Complete).Order());
    }

    [Theory, MemberData(nameof(RequiredVariables)), Trait("Defect", "D40")]
    public void What_is_required_is_so_wherever_it_stands_and_the_refusal_names_it(string variable)
    {
        var placeholders = Placeholder().Matches(projects.Complete.Text).Where(match => match.Groups["name"].Value == variable).ToArray();
        Assert.NotEmpty(placeholders);
        Assert.All(placeholders, match => Assert.Equal($"${{{variable}:?set {variable} in .env}}", match.Value));
    }

    [Fact]
    public void Every_line_says_whether_it_is_required_what_it_is_and_how_to_get_a_value()
    {
        var env = projects.Complete.Env;
        Assert.All(Variables(projects.Complete), variable =>
        {
            var description = env[Array.IndexOf(env, $"{variable}=") - 1];
            Assert.StartsWith(Required.Contains(variable) ? "# Required. " : "# Optional. ", description, StringComparison.Ordinal);
            Assert.EndsWith(".", description, StringComparison.Ordinal);
            Assert.True(description.Length > 40, description);
            if (Required.Contains(variable)
                && (variable.EndsWith("_PASSWORD", StringComparison.Ordinal) || variable.EndsWith("_KEY", StringComparison.Ordinal)))
            {
                Assert.Contains("`openssl rand -hex 32`", description, StringComparison.Ordinal);
            }
        });
    }

    [Fact, Trait("Defect", "D40")]
    public void Every_secret_is_a_placeholder()
    {
        var secrets = projects.Complete.Keys("services")
            .SelectMany(service => projects.Complete.Keys($"services/{service}/environment").Select(name => $"services/{service}/environment/{name}"))
            .Where(path => SecretName().IsMatch(path) || path.Contains("ConnectionStrings__", StringComparison.Ordinal))
            .ToArray();
        Assert.Equal(19, secrets.Length);
        // A channel for alerts may be left out, and so may encryption.
        Assert.All(secrets, path => Assert.Matches(
            path.EndsWith("/PAGERDUTY_KEY", StringComparison.Ordinal) ? @"^\$\{PAGERDUTY_KEY\}$"
            : path.EndsWith("/Backups__EncryptionKey", StringComparison.Ordinal) ? @"^\$\{BACKUP_KEY\}$"
            : @"\$\{[A-Z_]+:\?", (string)projects.Complete[path]!));
        Assert.All(projects.Complete.Env.Where(line => line[0] != '#'), line => Assert.EndsWith("=", line, StringComparison.Ordinal));
    }

    [Fact, Trait("Defect", "D40")]
    public async Task Nothing_of_the_publishing_machine_is_written_and_nothing_is_made_on_it()
    {
        var (folder, data) = (projects.NewFolder(), projects.NewFolder());
        Directory.CreateDirectory(data);
        var secrets = Path.Combine(data, "secrets.json");
        await File.WriteAllTextAsync(secrets, $$"""{ "api-key": "{{Secret}}", "postgres-password": "{{Secret}}" }""");
        var environment = new Dictionary<string, string>
        {
            ["USER"] = Secret,
            ["API_KEY"] = Secret,
            ["POSTGRES_PASSWORD"] = Secret,
            ["Parameters__api_key"] = Secret,
            ["Parameters__postgres-password"] = Secret,
            ["Parameters__storage-user"] = Secret,
            ["Parameters__smtp-url"] = $"smtp://user:{Secret}@mail.example.org",
            ["Parameters__mail-to"] = $"{Secret}@example.org",
            ["Parameters__pgadmin-email"] = $"{Secret}@example.org",
            ["Parameters__keycloak-url"] = $"https://{Secret}.example.org",
            ["Parameters__tunnel-token"] = Secret,
            ["Parameters__backup-url"] = $"s3://user:{Secret}@s3.example.org/backups",
            ["Parameters__backup-key"] = Secret,
            // No npm, no psql, no docker.
            ["PATH"] = data,
        };
        var published = await Publication.RunAsync(folder, environment, "--Platform:Keycloak=true", $"--Platform:DataDirectory={data}");

        Assert.True(published.ExitCode == 0, published.Console);
        Assert.DoesNotContain(Secret, published.Console, StringComparison.Ordinal);
        var project = new ComposeOutput(folder);
        Assert.Equal(projects.Complete.Text, project.Text);
        Assert.Equal(projects.Complete.Env, project.Env);
        Assert.DoesNotContain(Fixtures.Repository.Root, project.Text, StringComparison.Ordinal);
        Assert.Equal([secrets], Directory.GetFileSystemEntries(data));
        Assert.Contains(Secret, await File.ReadAllTextAsync(secrets), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Publishing_needs_no_data_folder_and_makes_none()
    {
        var data = projects.NewFolder();
        await Publication.IntoAsync(projects.NewFolder(), $"--Platform:DataDirectory={data}");
        Assert.False(Directory.Exists(data));
    }

    [Fact, Trait("Trap", "7")]
    public async Task What_a_person_has_filled_in_stays()
    {
        var folder = projects.NewFolder();
        await Publication.IntoAsync(folder);
        var file = Path.Combine(folder, ".env");
        var filled = (await File.ReadAllTextAsync(file)).Replace("\nAPI_KEY=\n", "\nAPI_KEY=mine\n", StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, filled);

        await Publication.IntoAsync(folder);
        Assert.Contains("API_KEY=mine", filled, StringComparison.Ordinal);
        Assert.Equal(filled, await File.ReadAllTextAsync(file));

        // Another server's variables are added, and nothing else changes.
        await Publication.IntoAsync(folder, PublishedProjects.WithEverything);
        Assert.Contains("API_KEY=mine", new ComposeOutput(folder).Env);
        Assert.Contains("TUNNEL_TOKEN=", new ComposeOutput(folder).Env);
    }

    private static string[] Variables(ComposeOutput project) => [.. project.Env.Where(line => line[0] != '#').Select(line => line.Split('=')[0])];

    [GeneratedRegex(@"(?<!\$)\$\{(?<name>[A-Z][A-Z0-9_]*)(?<otherwise>:[?-][^}]*)?\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex("(password|token|_key|BootstrapKey|SigningKey|EdgeKey|ApiTokenKey|EncryptionKey|root_user)$", RegexOptions.IgnoreCase)]
    private static partial Regex SecretName();
}
