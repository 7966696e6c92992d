// Stands in for the package Aspire.Hosting 13.5.4.

using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Dcp;

/// <summary>
/// The TCP ports of one graph. Those that it chooses lie below the range from which systems take ports for outgoing connections: such a
/// port could be gone before its process listens on it.
/// </summary>
internal sealed class Ports
{
    private const int First = 10_000;
    private const int Last = 32_767;

    private readonly HashSet<int> _given = [];

    /// <summary>Takes the ports that the graph itself names out of the choice.</summary>
    /// <exception cref="DistributedApplicationException">Two endpoints want the same port, or another program has it.</exception>
    public void Claim(IEnumerable<IResource> resources)
    {
        foreach (var resource in resources)
        {
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                if (endpoint.Port is not > 0)
                {
                    continue;
                }

                var port = endpoint.Port.Value;
                if (!_given.Add(port))
                {
                    throw new DistributedApplicationException($"Port {port} is asked for twice, the second time by {resource.Name} ({endpoint.Name}): give it another one.");
                }

                if (IsTaken(port))
                {
                    throw new DistributedApplicationException(
                        $"Port {port}, which {resource.Name} ({endpoint.Name}) listens on, is taken: end the program that uses it, or give {resource.Name} another one.");
                }
            }
        }
    }

    /// <summary>A port that nobody listens on and that was not given out before.</summary>
    public int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(First, Last + 1);
            if (!IsTaken(port) && _given.Add(port))
            {
                return port;
            }
        }
    }

    public static bool IsTaken(int port) => IsTaken(IPAddress.Loopback, port) || IsTaken(IPAddress.IPv6Loopback, port);

    private static bool IsTaken(IPAddress address, int port)
    {
        try
        {
            using var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            socket.Bind(new IPEndPoint(address, port));
            return false;
        }
        catch (SocketException exception)
        {
            // Anything else, such as a machine without IPv6, is not for us to judge.
            return exception.SocketErrorCode == SocketError.AddressAlreadyInUse;
        }
    }
}
