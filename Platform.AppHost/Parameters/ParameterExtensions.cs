using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Platform.AppHost.Parameters;

internal static class ParameterExtensions
{
    /// <summary>A secret: given as <c>Parameters:{name}</c>, else generated once (<see cref="GeneratedSecret"/>).</summary>
    public static IResourceBuilder<ParameterResource> AddSecret(this IDistributedApplicationBuilder builder, string name) =>
        builder.AddParameter(name, new GeneratedSecret(name, builder.DataDirectory()), secret: true);

    /// <summary>
    /// The folder of everything that running Platform creates: <c>.platform</c> beside the solution, or <c>Platform:DataDirectory</c>.
    /// </summary>
    public static string DataDirectory(this IDistributedApplicationBuilder builder) =>
        Path.GetFullPath(builder.Configuration["Platform:DataDirectory"] ?? Path.Combine("..", ".platform"), builder.AppHostDirectory);

    /// <summary>
    /// A TCP port from configuration; 0 stands for any free one. One that is no port, or is taken, stops the start before anything runs,
    /// with one line that says what to do.
    /// </summary>
    public static int? Port(this IDistributedApplicationBuilder builder, string key, int standard)
    {
        var configured = builder.Configuration[key];
        var valid = ushort.TryParse(
            string.IsNullOrEmpty(configured) ? $"{standard}" : configured, NumberStyles.None, CultureInfo.InvariantCulture, out var port);
        builder.Eventing.Subscribe<BeforeStartEvent>((_, _) => (valid, IsFree(port)) switch
        {
            (false, _) => throw new DistributedApplicationException(
                $"{key}={configured} is not a port: give a number from 0 (any free one) to 65535."),
            (_, false) => throw new DistributedApplicationException(
                $"Port {port} is taken: end the program that uses it, or choose another one with `-- --{key}={port + 1}`."),
            _ => Task.CompletedTask,
        });
        return port == 0 ? null : port;
    }

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
