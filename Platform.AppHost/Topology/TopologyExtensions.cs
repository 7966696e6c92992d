using System.ComponentModel;
using System.Diagnostics;

namespace Platform.AppHost.Topology;

internal static class TopologyExtensions
{
    private const string Setting = "Platform:Topology";
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    /// <summary>
    /// The topology that <c>Platform:Topology</c> names; where nothing is named, containers if a container engine answers, else embedded.
    /// </summary>
    /// <remarks>A name that is none stops the start with one line.</remarks>
    public static async Task<PlatformTopology> ChooseTopologyAsync(this IDistributedApplicationBuilder builder)
    {
        var named = builder.Configuration[Setting];
        if (builder.ExecutionContext.IsPublishMode)
        {
            if (!string.IsNullOrEmpty(named) && !named.Equals(nameof(PlatformTopology.Containers), StringComparison.OrdinalIgnoreCase))
            {
                builder.Refuse(
                    $"{Setting}={named} cannot be published: processes of this machine run on this machine. "
                    + "Leave it out, or name containers.");
            }

            return PlatformTopology.Containers;
        }

        var engine = builder.Configuration["ASPIRE_CONTAINER_RUNTIME"] is { Length: > 0 } runtime ? runtime : "docker";
        switch (named?.ToLowerInvariant())
        {
            case null or "":
                return await EngineAnswersAsync(engine) ? PlatformTopology.Containers : PlatformTopology.Embedded;
            case "containers":
                if (!await EngineAnswersAsync(engine))
                {
                    builder.Refuse(
                        $"{Setting}={named} needs a container engine, and `{engine} version` reaches none: start it, choose another one with "
                        + "ASPIRE_CONTAINER_RUNTIME, or name embedded.");
                }

                return PlatformTopology.Containers;
            case "embedded":
                return PlatformTopology.Embedded;
            default:
                builder.Refuse($"{Setting}={named} is no topology: name containers or embedded, or leave it out.");
                return PlatformTopology.Embedded;
        }
    }

    /// <summary>Asks docker, or podman, for the version of its server. The client alone is no engine.</summary>
    private static async Task<bool> EngineAnswersAsync(string engine)
    {
        using var timeout = new CancellationTokenSource(AnswerTimeout);
        try
        {
            using var client = Process.Start(new ProcessStartInfo(engine, ["version", "--format", "{{.Server.Version}}"])
            {
                RedirectStandardOutput = true,
                RedirectStandardError = true,
            });
            if (client is null)
            {
                return false;
            }

            try
            {
                await client.WaitForExitAsync(timeout.Token);
                return client.ExitCode == 0;
            }
            catch (OperationCanceledException)
            {
                client.Kill(entireProcessTree: true);
                return false;
            }
        }
        catch (Win32Exception)
        {
            // There is no such program.
            return false;
        }
    }
}
