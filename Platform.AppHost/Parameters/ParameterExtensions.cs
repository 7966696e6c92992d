using System.Globalization;

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

    /// <summary>A TCP port from configuration; 0 stands for any free one.</summary>
    /// <exception cref="ArgumentException">The configured value is not a port.</exception>
    public static int? Port(this IDistributedApplicationBuilder builder, string key, int standard) =>
        builder.Configuration[key] switch
        {
            null or "" => standard is 0 ? null : standard,
            "0" => null,
            var text when ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) => port,
            var text => throw new ArgumentException($"{key}={text} is not a port: give a number from 0 (any free one) to 65535."),
        };
}
