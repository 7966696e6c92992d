using System.Diagnostics;
using System.Globalization;
using Platform.Tools;

namespace Platform.Tests.Fixtures;

/// <summary>A server that speaks S3 (s3rver from npm) on a free port, with a folder of its own.</summary>
public sealed class S3Server : IAsyncLifetime
{
    /// <summary>The account that s3rver has.</summary>
    public const string Account = "S3RVER";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-s3-").FullName;
    private readonly int _port = FreePort.Next();
    private Process? _process;

    public string Url => $"http://127.0.0.1:{_port}";

    public string ConnectionString => $"Endpoint={Url};AccessKey={Account};SecretKey={Account}";

    public async Task InitializeAsync()
    {
        await NpmPackages.S3Server.InstallAsync(Repository.ToolsDirectory, progress: null, CancellationToken.None);
        await StartAsync();
    }

    public async Task StartAsync()
    {
        var program = Path.Combine(NpmPackages.S3Server.DirectoryIn(Repository.ToolsDirectory), "bin", "s3rver.js");
        _process = Process.Start(new ProcessStartInfo(
            "node", [program, "--silent", "-d", _folder, "-a", "127.0.0.1", "-p", _port.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            // It makes its continuation tokens with a cipher that newer versions of OpenSSL keep apart.
            Environment = { ["NODE_OPTIONS"] = "--openssl-legacy-provider" },
        })!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        using var client = new HttpClient();
        var deadline = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var answer = await client.GetAsync(new Uri(Url));
                return;
            }
            catch (HttpRequestException)
            {
                Assert.True(deadline.Elapsed < Patience && !_process.HasExited, "s3rver did not start.");
                await Task.Delay(50);
            }
        }
    }

    public async Task StopAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _process = null;
    }

    public async Task DisposeAsync()
    {
        if (_process is not null)
        {
            await StopAsync();
        }
        Directory.Delete(_folder, recursive: true);
    }
}
