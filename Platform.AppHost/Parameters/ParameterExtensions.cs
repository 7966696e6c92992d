using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Platform.AppHost.Parameters;

internal static class ParameterExtensions
{
    /// <summary>
    /// A secret: given as <c>Parameters:{name}</c>, else generated once (<see cref="GeneratedSecret"/>). In what is published it is a
    /// placeholder.
    /// </summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name)
    {
        var parameter = builder.ExecutionContext.IsPublishMode
            ? builder.AddParameter(name, secret: true)
            : builder.AddParameter(name, new GeneratedSecret(name, builder.DataDirectory()), secret: true);
        return parameter.WithDescription(KnownParameters.Description(name));
    }

    /// <summary>A choice: given as <c>Parameters:{name}</c>, else the default. In what is published it is a placeholder.</summary>
    public static IResourceBuilder<ParameterResource> AddChoice(
        this IDistributedApplicationBuilder builder, string name, string standard, bool secret = false)
    {
        var parameter = builder.ExecutionContext.IsPublishMode
            ? builder.AddParameter(name, secret)
            : builder.AddParameter(name, builder.Given(name) ?? standard, secret: secret);
        return parameter.WithDescription(KnownParameters.Description(name));
    }

    /// <summary>What the user said for a parameter; null when nothing.</summary>
    public static string? Given(this IDistributedApplicationBuilder builder, string name) =>
        builder.Configuration[$"Parameters:{name}"] ?? builder.Configuration[$"Parameters:{name.Replace('-', '_')}"];

    /// <summary>A parameter that is given and that nobody reads is a typing error, and what it should have set is not set.</summary>
    public static void RefuseUnknownParameters(this IDistributedApplicationBuilder builder)
    {
        foreach (var given in builder.Configuration.GetSection("Parameters").GetChildren().Where(given => !KnownParameters.Contains(given.Key)))
        {
            builder.Refuse(
                $"There is no parameter {given.Key}: correct its name, or take it away. There are {string.Join(", ", KnownParameters.Names)}.");
        }
    }

    /// <summary>
    /// Takes what only the AppHost may know out of its environment once it is read: programs inherit that, and some come from npm.
    /// </summary>
    public static IDistributedApplicationBuilder KeepSecretsFromPrograms(this IDistributedApplicationBuilder builder)
    {
        foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(IsSecret).ToArray())
        {
            Environment.SetEnvironmentVariable(name, null);
        }

        return builder;

        static bool IsSecret(string name) =>
            name.StartsWith("Parameters__", StringComparison.OrdinalIgnoreCase)
            || name.StartsWith("ConnectionStrings__", StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>
    /// The folder of everything that running Platform creates: <c>.platform</c> beside the solution, or <c>Platform:DataDirectory</c>.
    /// </summary>
    public static string DataDirectory(this IDistributedApplicationBuilder builder) =>
        Path.GetFullPath(builder.Configuration["Platform:DataDirectory"] ?? Path.Combine("..", ".platform"), builder.AppHostDirectory);

    /// <summary>Stops the start before anything is fetched, written or run, with one line that says what to do.</summary>
    public static void Refuse(this IDistributedApplicationBuilder builder, string reason) => builder.Check(() => reason);

    /// <summary>A TCP port from configuration; null, or 0, stands for any free one. One that is no port, or is taken, stops the start.</summary>
    public static int? Port(this IDistributedApplicationBuilder builder, string key, int? standard = null)
    {
        var configured = builder.Configuration[key];
        if (string.IsNullOrEmpty(configured))
        {
            configured = (standard ?? 0).ToString(CultureInfo.InvariantCulture);
        }

        if (!ushort.TryParse(configured, NumberStyles.None, CultureInfo.InvariantCulture, out var port))
        {
            builder.Refuse($"{key}={configured} is not a port: give a number from 0 (any free one) to 65535.");
        }
        else if (builder.ExecutionContext.IsRunMode)
        {
            builder.RefuseTaken(port, key, $"{port + 1}");
        }

        return port == 0 ? null : port;
    }

    /// <summary>The addresses of the Aspire dashboard, which configuration gives; one that is none, or is taken, stops the start.</summary>
    public static void CheckDashboardPorts(this IDistributedApplicationBuilder builder)
    {
        foreach (var key in new[] { "ASPNETCORE_URLS", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL", "ASPIRE_RESOURCE_SERVICE_ENDPOINT_URL" })
        {
            foreach (var configured in builder.Configuration[key]?.Split(';', StringSplitOptions.RemoveEmptyEntries) ?? [])
            {
                if (!Uri.TryCreate(configured, UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                {
                    builder.Refuse($"{key}={configured} is not an address: give one such as http://localhost:18888.");
                }
                else if (address.Port > 0)
                {
                    builder.RefuseTaken((ushort)address.Port, key, $"{address.Scheme}://{address.Host}:{address.Port + 100}");
                }
            }
        }
    }

    private static void RefuseTaken(this IDistributedApplicationBuilder builder, ushort port, string key, string other) =>
        builder.Check(() => IsFree(port)
            ? null
            : $"Port {port} is taken: end the program that uses it, or choose another one with `-- --{key}={other}`.");

    private static bool IsFree(ushort port)
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            return true;
        }
        catch (SocketException exception) when (exception.SocketErrorCode == SocketError.AddressAlreadyInUse)
        {
            return false;
        }
    }
}
