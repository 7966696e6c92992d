using System.Text.Json.Nodes;

namespace Platform.Tests.Images;

/// <summary>What is in the images of the services, and how a container of them is run.</summary>
[Collection(ImagesSuite.Name)]
public sealed class ImageTests(ImageFixture images)
{
    private const UnixFileMode WritableByOthers = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
    private const UnixFileMode Privileged = UnixFileMode.SetUser | UnixFileMode.SetGroup | UnixFileMode.StickyBit;

    [Theory]
    [InlineData("Platform.Api", "platform-api", "Platform API")]
    [InlineData("Platform.Edge", "platform-edge", "Platform edge")]
    public void An_image_says_what_it_is_and_is_run_as_an_account_without_rights(string project, string name, string title)
    {
        var image = images[project];

        Assert.Equal([$"{name}:1.0.0"], image.Names);
        Assert.Equal("app", (string?)image.Container["User"]);
        Assert.Equal("/app/", (string?)image.Container["WorkingDir"]);
        Assert.Equal(["dotnet", $"/app/{project}.dll"], image.Command);
        Assert.Null(image.Container["Cmd"]);
        Assert.Equal(["8080/tcp", "8081/tcp"], image.Container["ExposedPorts"]!.AsObject().Select(port => port.Key).Order());
        Assert.Equal(title, image.About["org.opencontainers.image.title"]);
        Assert.Equal("1.0.0", image.About["org.opencontainers.image.version"]);
        Assert.Equal("MIT", image.About["org.opencontainers.image.licenses"]);
        Assert.EndsWith(".", image.About["org.opencontainers.image.description"], StringComparison.Ordinal);
        Assert.DoesNotContain("org.opencontainers.image.authors", image.About.Keys);
        Assert.DoesNotContain("org.opencontainers.image.source", image.About.Keys);
    }

    [Theory]
    [InlineData("Platform.Api", "PGGSSENCMODE")]
    [InlineData("Platform.Edge")]
    public void Its_environment_is_that_of_a_container_and_holds_no_secret(string project, params string[] own)
    {
        var environment = images[project].Environment;

        Assert.Equal("8080;8081", environment["ASPNETCORE_HTTP_PORTS"]);
        Assert.Equal("8081", environment["Management__Port"]);
        Assert.Equal("json", environment["Logging__Console__FormatterName"]);
        Assert.Equal("0", environment["DOTNET_EnableDiagnostics"]);
        Assert.Equal(
            ["APP_UID", "ASPNETCORE_HTTP_PORTS", "DOTNET_EnableDiagnostics", "Logging__Console__FormatterName", "Management__Port", "PATH", .. own],
            environment.Keys.Order(StringComparer.Ordinal).OrderBy(own.Contains));
    }

    [Theory]
    [InlineData("Platform.Api", "Platform.Edge")]
    [InlineData("Platform.Edge", "Platform.Api")]
    public void It_adds_the_program_and_nothing_else(string project, string other)
    {
        var layer = images[project].Layer;
        var files = layer.Select(entry => entry.Name.TrimEnd('/')).ToList();

        Assert.Contains($"app/{project}.dll", files);
        Assert.Contains("app/Platform.ServiceDefaults.dll", files);
        Assert.Equal(project == "Platform.Edge", files.Contains("app/wwwroot/index.html"));
        Assert.All(files, file => Assert.Matches("^app(/|$)", file));
        Assert.All(files, file => Assert.DoesNotMatch(@"\.(pdb|xml|config|cs|csproj|pem|pfx|key)$|/\.", file));
        Assert.All(files, file => Assert.DoesNotMatch(@"\.Development\.|secrets|Platform\.(Tests|AppHost)|xunit", file));
        Assert.DoesNotContain(files, file => file.Contains(other, StringComparison.Ordinal));
        Assert.All(layer, entry =>
        {
            Assert.Equal((0, 0), (entry.Uid, entry.Gid));
            Assert.Equal(UnixFileMode.None, entry.Mode & (WritableByOthers | Privileged));
            Assert.True(entry.Mode.HasFlag(UnixFileMode.OtherRead), entry.Name);
        });
    }

    [Theory]
    [InlineData("Platform.Api")]
    [InlineData("Platform.Edge")]
    public void Its_settings_are_about_logging_and_hosts_only(string project)
    {
        var settings = images[project].Layer.Where(entry => entry.Name.Contains("appsettings", StringComparison.OrdinalIgnoreCase)).ToList();

        Assert.Equal(project == "Platform.Edge" ? ["app/appsettings.json"] : [], settings.Select(entry => entry.Name));
        foreach (var entry in settings)
        {
            entry.DataStream!.Position = 0;
            Assert.Equal(["AllowedHosts", "Logging"], JsonNode.Parse(entry.DataStream)!.AsObject().Select(section => section.Key).Order());
        }
    }
}
