// Stands in for the package Aspire.Hosting 13.5.4.

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Runtime.CompilerServices;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Aspire.Hosting.Dcp;

/// <summary>
/// The orchestrator: a local server that speaks Kubernetes' API and runs programs. It watches this process and ends every program, and
/// itself, when this process ends, however it ends.
/// </summary>
internal sealed class DcpServer(AspireBundle bundle) : IDisposable
{
    private const string Api = "apis/usvc-dev.developer.microsoft.com/v1";
    private static readonly string[] OurPrefixes = ["ASPIRE_", "AppHost__", "ConnectionStrings__", "DcpPublisher__", "Parameters__"];
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan EndTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    private HttpClient? _client;
    private string? _session;

    private HttpClient Client => _client ?? throw new InvalidOperationException("DCP is not running.");

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        _session = Directory.CreateTempSubdirectory("aspire-").FullName;
        var kubeconfig = Path.Combine(_session, "kubeconfig");
        var start = new ProcessStartInfo(bundle.Dcp,
            ["start-apiserver", "--monitor", Environment.ProcessId.ToString(CultureInfo.InvariantCulture), "--detach", "--kubeconfig", kubeconfig])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };

        // Programs inherit DCP's environment: what is meant for the AppHost alone, and its secrets, must not reach them.
        foreach (var name in start.Environment.Keys.Where(IsOurs).ToArray())
        {
            start.Environment.Remove(name);
        }

        // Logs of programs and the kubeconfig lie here, and DCP removes it at its end.
        start.Environment["DCP_SESSION_FOLDER"] = _session;
        using var launcher = Launch(start);
        launcher.StandardInput.Close();
        var watch = Stopwatch.StartNew();
        while (_client is null)
        {
            if (File.Exists(kubeconfig) && Kubeconfig.TryRead(await File.ReadAllTextAsync(kubeconfig, cancellationToken).ConfigureAwait(false)) is { } config)
            {
                _client = config.CreateClient();
            }
            else if (watch.Elapsed > StartTimeout)
            {
                throw new DistributedApplicationException($"DCP ({bundle.Dcp}) did not start within {StartTimeout.TotalSeconds:0} s.");
            }
            else
            {
                await Task.Delay(20, cancellationToken).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Whether it is there.</summary>
    public async Task<bool> AnswersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            timeout.CancelAfter(AnswerTimeout);
            using var answer = await Client.GetAsync("admin/execution", timeout.Token).ConfigureAwait(false);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    public async Task CreateAsync(string kind, JsonObject item, CancellationToken cancellationToken)
    {
        item["apiVersion"] = "usvc-dev.developer.microsoft.com/v1";
        using var answer = await Client.PostAsJsonAsync($"{Api}/{kind}", item, cancellationToken).ConfigureAwait(false);
        await ThrowUnlessSuccessAsync(answer, cancellationToken).ConfigureAwait(false);
    }

    public async Task<JsonElement> GetAsync(string kind, string name, CancellationToken cancellationToken) =>
        await Client.GetFromJsonAsync<JsonElement>($"{Api}/{kind}/{name}", cancellationToken).ConfigureAwait(false);

    /// <summary>Asks for the end of a program: SIGTERM, and SIGKILL for one that does not listen to it within a few seconds.</summary>
    public async Task StopExecutableAsync(string name, CancellationToken cancellationToken)
    {
        using var patch = JsonContent.Create(new { spec = new { stop = true } }, new MediaTypeHeaderValue("application/merge-patch+json"));
        using var answer = await Client.PatchAsync($"{Api}/executables/{name}", patch, cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode != HttpStatusCode.NotFound)
        {
            await ThrowUnlessSuccessAsync(answer, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>Every program as it is now, then every change, for as long as DCP runs.</summary>
    public async IAsyncEnumerable<JsonElement> WatchExecutablesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            using var answer = await Client.GetAsync($"{Api}/executables?watch=true", HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
            await ThrowUnlessSuccessAsync(answer, cancellationToken).ConfigureAwait(false);
            await foreach (var line in LinesAsync(answer, cancellationToken).ConfigureAwait(false))
            {
                yield return JsonSerializer.Deserialize<JsonElement>(line).GetProperty("object");
            }

            // The server ends a watch after some time; the next one begins with the present state.
            await Task.Delay(100, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>What a program writes to <c>stdout</c> or <c>stderr</c>, from its beginning to its end.</summary>
    public async IAsyncEnumerable<string> LogAsync(string name, string source, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var answer = await Client.GetAsync(
            $"{Api}/executables/{name}/log?source={source}&follow=true", HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            yield break;
        }

        await ThrowUnlessSuccessAsync(answer, cancellationToken).ConfigureAwait(false);
        await foreach (var line in LinesAsync(answer, cancellationToken).ConfigureAwait(false))
        {
            yield return line;
        }
    }

    /// <summary>Ends DCP and whatever it still runs.</summary>
    public async Task StopAsync()
    {
        if (_client is null)
        {
            return;
        }

        try
        {
            using var timeout = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            using var patch = JsonContent.Create(
                new { status = "Stopping", shutdownResourceCleanup = "Full" }, new MediaTypeHeaderValue("application/merge-patch+json"));
            using var answer = await _client.PatchAsync("admin/execution", patch, timeout.Token).ConfigureAwait(false);
            while (true)
            {
                // It has ended when it does not answer any more.
                using var still = await _client.GetAsync("admin/execution", timeout.Token).ConfigureAwait(false);
                await Task.Delay(50, timeout.Token).ConfigureAwait(false);
            }
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            // Gone, or it will go with this process, which it watches.
        }

        // Its controllers follow it in a moment; who runs the AppHost finds nothing running when that has ended.
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < EndTimeout && Process.GetProcessesByName("dcp").Any(IsOfThisSession))
        {
            await Task.Delay(50).ConfigureAwait(false);
        }
    }

    private bool IsOfThisSession(Process process)
    {
        using (process)
        {
            try
            {
                return OperatingSystem.IsLinux()
                    && File.ReadAllText($"/proc/{process.Id}/environ").Contains($"DCP_SESSION_FOLDER={_session}", StringComparison.Ordinal);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // Ended meanwhile, or somebody else's.
                return false;
            }
        }
    }

    public void Dispose()
    {
        _client?.Dispose();
        if (_session is not null && Directory.Exists(_session))
        {
            try
            {
                Directory.Delete(_session, recursive: true);
            }
            catch (IOException)
            {
                // DCP removes it too.
            }
        }
    }

    private static bool IsOurs(string name) =>
        name is "ASPNETCORE_URLS" or "ASPNETCORE_ENVIRONMENT" or "DOTNET_ENVIRONMENT" or "DOTNET_LAUNCH_PROFILE"
        || OurPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase));

    private static Process Launch(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new DistributedApplicationException($"{start.FileName} cannot be run: {exception.Message}.", exception);
        }
    }

    private static async IAsyncEnumerable<string> LinesAsync(HttpResponseMessage answer, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false));
        while (await reader.ReadLineAsync(cancellationToken).ConfigureAwait(false) is { } line)
        {
            yield return line;
        }
    }

    private static async Task ThrowUnlessSuccessAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            var text = await answer.Content.ReadAsStringAsync(cancellationToken).ConfigureAwait(false);
            throw new DistributedApplicationException($"DCP answered {(int)answer.StatusCode} to {answer.RequestMessage?.RequestUri?.AbsolutePath}: {text}");
        }
    }

    /// <summary>Where DCP listens, and what it trusts: the three values of the file that it writes, which is YAML with one a line.</summary>
    private sealed record Kubeconfig(string Server, string Token, string CertificateAuthority)
    {
        public static Kubeconfig? TryRead(string yaml) =>
            Value(yaml, "server:") is { } server && Value(yaml, "token:") is { } token && Value(yaml, "certificate-authority-data:") is { } authority
                ? new(server, token, authority)
                : null;

        public HttpClient CreateClient()
        {
            var trusted = X509Certificate2.CreateFromPem(System.Text.Encoding.UTF8.GetString(Convert.FromBase64String(CertificateAuthority)));
            var handler = new SocketsHttpHandler
            {
                UseProxy = false,
                SslOptions = new SslClientAuthenticationOptions
                {
                    CertificateChainPolicy = new X509ChainPolicy
                    {
                        TrustMode = X509ChainTrustMode.CustomRootTrust,
                        CustomTrustStore = { trusted },
                        RevocationMode = X509RevocationMode.NoCheck,
                    },
                },
            };
            return new HttpClient(handler)
            {
                BaseAddress = new Uri(Server.TrimEnd('/') + "/"),
                Timeout = Timeout.InfiniteTimeSpan,
                DefaultRequestHeaders = { Authorization = new("Bearer", Token) },
            };
        }

        private static string? Value(string yaml, string key) => yaml.Split('\n')
            .Select(line => line.Trim().TrimStart('-').Trim())
            .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal) && line.Length > key.Length)?[key.Length..].Trim().Trim('"');
    }
}
