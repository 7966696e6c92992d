using System.Diagnostics;
using System.Globalization;
using Platform.Tools;

namespace Platform.Tests.Fixtures.Oidc;

/// <summary>An OpenID Connect provider (oidc-provider from npm) that requires PKCE, on a port of its own.</summary>
public sealed class OidcProvider
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly int _port = FreePort.Next();
    private Process? _process;

    public string Url => $"http://127.0.0.1:{_port}";

    /// <summary>Starts it for one client.</summary>
    /// <param name="client">The address of the client.</param>
    /// <param name="key">The id of the key that it signs with, which is a new one each time.</param>
    public async Task StartAsync(Uri client, string key)
    {
        var folder = await NpmPackages.OidcProvider.InstallAsync(Repository.ToolsDirectory, progress: null, CancellationToken.None);
        var script = Path.Combine(Repository.Root, "Platform.Tests", "Fixtures", "Oidc", "provider.mjs");
        _process = Process.Start(new ProcessStartInfo(
            "node", [script, folder, _port.ToString(CultureInfo.InvariantCulture), client.GetLeftPart(UriPartial.Authority), key])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var http = new HttpClient();
        await Eventually.IsTrueAsync(
            async () =>
            {
                Assert.False(_process.HasExited, "The provider ended.");
                try
                {
                    using var answer = await http.GetAsync(new Uri($"{Url}/.well-known/openid-configuration"));
                    return answer.IsSuccessStatusCode;
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            },
            Patience);
    }

    public async Task StopAsync()
    {
        if (_process is null)
        {
            return;
        }

        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }
}
