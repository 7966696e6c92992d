using System.Net;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Platform.Edge.Security;

/// <summary>
/// Whose word the edge takes for the client's address and scheme: <c>KnownProxies</c>, a list of addresses and of networks in CIDR
/// notation. By default nobody's.
/// </summary>
internal static class KnownProxies
{
    private const string Section = "KnownProxies";

    /// <summary>Reads the list.</summary>
    /// <exception cref="FormatException">An entry is neither an address nor a network.</exception>
    public static void AddKnownProxies(this WebApplicationBuilder builder)
    {
        // Publishing for containers sets this to true, which would trust every peer.
        builder.Configuration["FORWARDEDHEADERS_ENABLED"] = "false";
        var known = builder.Configuration.GetSection(Section).Get<string[]>() ?? [];
        builder.Services.Configure<ForwardedHeadersOptions>(options =>
        {
            options.ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto;
            // Every hop must be known, so the chain may be as long as it is.
            options.ForwardLimit = null;
            options.KnownProxies.Clear();
            options.KnownIPNetworks.Clear();
            foreach (var entry in known)
            {
                options.KnownIPNetworks.Add(Parse(entry));
            }
        });
    }

    public static void UseKnownProxies(this WebApplication app)
    {
        // With both lists empty the framework's middleware trusts everybody.
        if (app.Configuration.GetSection(Section).GetChildren().Any())
        {
            app.UseForwardedHeaders();
        }
    }

    private static IPNetwork Parse(string entry)
    {
        if (IPNetwork.TryParse(entry, out var network))
        {
            return network;
        }

        return IPAddress.TryParse(entry, out var address)
            ? new IPNetwork(address, address.GetAddressBytes().Length * 8)
            : throw new FormatException($"{Section}: '{entry}' is neither an IP address nor a network such as 10.0.0.0/8.");
    }
}
