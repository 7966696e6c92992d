using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json;
using Platform.Tools;

namespace Platform.Tests.Fixtures;

/// <summary>A real mail server that keeps what it is sent: maildev, the same as the graph's own.</summary>
internal sealed class Maildev : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _folder = Directory.CreateTempSubdirectory("platform-test-").FullName;
    private readonly Process _process;
    private readonly HttpClient _client;

    private Maildev(string folder, int smtpPort, int webPort)
    {
        SmtpPort = smtpPort;
        _client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{webPort}") };
        _process = Process.Start(new ProcessStartInfo("node",
        [
            Path.Combine(folder, "bin", "maildev"), "--ip", "127.0.0.1", "--web-ip", "127.0.0.1", "--mail-directory", _folder, "--silent",
            "--smtp", smtpPort.ToString(CultureInfo.InvariantCulture), "--web", webPort.ToString(CultureInfo.InvariantCulture),
        ]))!;
    }

    public int SmtpPort { get; }

    public string SmtpUrl => $"smtp://127.0.0.1:{SmtpPort}";

    public static async Task<Maildev> StartAsync(int? smtpPort = null)
    {
        var folder = await NpmPackages.Maildev.InstallAsync(Repository.ToolsDirectory, progress: null, CancellationToken.None);
        var maildev = new Maildev(folder, smtpPort ?? FreePort.Next(), FreePort.Next());
        var watch = Stopwatch.StartNew();
        while (true)
        {
            Assert.False(maildev._process.HasExited, "maildev ended.");
            try
            {
                using var answer = await maildev._client.GetAsync("/healthz");
                if (answer.StatusCode == HttpStatusCode.OK)
                {
                    return maildev;
                }
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            Assert.True(watch.Elapsed < Patience, "maildev did not start.");
            await Task.Delay(50);
        }
    }

    /// <summary>What has come so far.</summary>
    public async Task<JsonElement[]> MailsAsync() =>
        [.. JsonSerializer.Deserialize<JsonElement>(await _client.GetStringAsync("/email")).EnumerateArray()];

    /// <summary>Waits for so many mails, and returns all that have come.</summary>
    public async Task<JsonElement[]> MailsAsync(int count)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var mails = await MailsAsync();
            if (mails.Length >= count)
            {
                return mails;
            }

            Assert.True(watch.Elapsed < Patience, $"{mails.Length} of {count} mails came.");
            await Task.Delay(100);
        }
    }

    /// <summary>A mail as it was sent.</summary>
    public Task<string> SourceAsync(JsonElement mail) => _client.GetStringAsync($"/email/{mail.GetProperty("id").GetString()}/source");

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        _client.Dispose();
        Directory.Delete(_folder, recursive: true);
    }
}
