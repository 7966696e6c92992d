using System.Buffers;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using Platform.ServiceDefaults.Errors;

namespace Platform.Api.Documents.Extraction.Worker;

/// <summary>A worker, seen from the API: this program once more, as <c>Platform.Api extract</c>, with nothing of the API's environment.</summary>
internal sealed class WorkerProcess : IDisposable, IAsyncDisposable
{
    /// <summary>What is away when workers cannot be started.</summary>
    public const string Dependency = "document reader";

    public static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);
    public static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(5);

    /// <summary>A million characters of three bytes, some of them escaped, and the analysis.</summary>
    private const int MaxAnswerBytes = 16 * 1024 * 1024;

    /// <summary>What .NET and the programs that a worker starts need to run; no connection string, no key.</summary>
    private static readonly string[] KeptVariables =
    [
        "PATH", "HOME", "TMPDIR", "TEMP", "TMP", "SystemRoot", "DOTNET_ROOT", "DOTNET_ROOT_X64", "DOTNET_ROOT_ARM64", "LD_LIBRARY_PATH",
        "TESSDATA_PREFIX",
    ];

    private readonly Process _process;
    private readonly PipeReader _answers;
    private readonly Task<string> _errors;

    private WorkerProcess(Process process)
    {
        _process = process;
        _answers = PipeReader.Create(process.StandardOutput.BaseStream);
        _errors = ReadErrorsAsync(process.StandardError);
    }

    public bool HasExited => _process.HasExited;

    /// <summary>By a signal that was not ours, nor its own: somebody's <c>kill</c>, or a kernel that is out of memory.</summary>
    public bool WasKilled { get; private set; }

    public bool RanOutOfMemory =>
        FirstWords.Contains("Out of memory", StringComparison.OrdinalIgnoreCase) || FirstWords.Contains("OutOfMemoryException", StringComparison.Ordinal);

    public bool OverflowedItsStack => FirstWords.Contains("Stack overflow", StringComparison.OrdinalIgnoreCase);

    /// <summary>What it wrote to its standard error first.</summary>
    public string FirstWords => _errors.IsCompletedSuccessfully ? _errors.Result : "";

    /// <exception cref="ServiceUnavailableException">It cannot be started.</exception>
    public static WorkerProcess Start(int memoryMegabytes)
    {
        var (program, arguments) = Program();
        var start = new ProcessStartInfo(program, [.. arguments, ExtractionWorker.Argument])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardInputEncoding = new UTF8Encoding(false),
            WorkingDirectory = Path.GetTempPath(),
        };
        var own = KeptVariables.Select(name => (name, Value: Environment.GetEnvironmentVariable(name))).ToArray();
        start.Environment.Clear();
        foreach (var (name, value) in own)
        {
            if (value is not null)
            {
                start.Environment[name] = value;
            }
        }

        start.Environment["DOTNET_GCHeapHardLimit"] = (memoryMegabytes * 1024L * 1024).ToString("X", CultureInfo.InvariantCulture);
        // Small and quick to start: a heap for one document at a time, no threads that wait for a debugger.
        start.Environment["DOTNET_gcServer"] = "0";
        start.Environment["DOTNET_gcConcurrent"] = "0";
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["OMP_THREAD_LIMIT"] = "1";
        try
        {
            return new(Process.Start(start)!);
        }
        catch (Exception failure) when (failure is Win32Exception or IOException)
        {
            throw new ServiceUnavailableException(Dependency, RetryAfter, failure);
        }
    }

    /// <summary>Returns when the worker serves; false when it ended.</summary>
    public async Task<bool> IsReadyAsync(CancellationToken cancellationToken) => await ReadAnswerAsync(cancellationToken) is not null;

    /// <summary>The answer; null when the worker ended instead.</summary>
    public async Task<ExtractionAnswer?> AskAsync(ExtractionRequest request, CancellationToken cancellationToken)
    {
        try
        {
            var input = _process.StandardInput.BaseStream;
            await JsonSerializer.SerializeAsync(input, request, WorkerJson.Messages.ExtractionRequest, cancellationToken);
            await input.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await input.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // It ended before it read this; the end of its answers says so too.
        }

        return await ReadAnswerAsync(cancellationToken);
    }

    /// <summary>Kills it with all that it started, unless it has ended.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> KillAsync()
    {
        // One that closed its standard output has ended, or is about to: what it says last tells why.
        using (var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5)))
        {
            try
            {
                await _process.WaitForExitAsync(patience.Token);
                WasKilled = _process.ExitCode is 128 + 9 or 128 + 15;
            }
            catch (OperationCanceledException)
            {
                Kill();
            }
        }

        await _process.WaitForExitAsync();
        await _errors;
        return _process.ExitCode;
    }

    public void Dispose()
    {
        Kill();
        _process.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Kill()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
        }
        catch (InvalidOperationException)
        {
            // It has ended already.
        }
        catch (AggregateException)
        {
            // One of its children has.
        }
    }

    private async Task<ExtractionAnswer?> ReadAnswerAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await _answers.ReadAsync(cancellationToken);
            if (read.Buffer.PositionOf((byte)'\n') is { } end)
            {
                var answer = Parse(read.Buffer.Slice(0, end));
                _answers.AdvanceTo(read.Buffer.GetPosition(1, end));
                return answer;
            }

            if (read.IsCompleted || read.Buffer.Length > MaxAnswerBytes)
            {
                return null;
            }

            _answers.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static ExtractionAnswer? Parse(ReadOnlySequence<byte> line)
    {
        var reader = new Utf8JsonReader(line);
        return JsonSerializer.Deserialize(ref reader, WorkerJson.Messages.ExtractionAnswer);
    }

    /// <summary>A stack overflow writes megabytes; the beginning says all.</summary>
    private static async Task<string> ReadErrorsAsync(StreamReader errors)
    {
        var first = new StringBuilder();
        var buffer = new char[1024];
        int read;
        while ((read = await errors.ReadAsync(buffer)) > 0)
        {
            first.Append(buffer, 0, Math.Min(read, 2048 - first.Length));
        }

        return first.ToString().Trim();
    }

    private static (string Program, string[] Arguments) Program()
    {
        var assembly = typeof(WorkerProcess).Assembly;
        var host = Environment.ProcessPath;
        var name = Path.GetFileNameWithoutExtension(host);
        return name == assembly.GetName().Name ? (host!, [])
            : (name == "dotnet" ? host! : "dotnet", [assembly.Location]);
    }
}
