using System.Net;
using System.Net.Sockets;

namespace Platform.Tests.Fixtures;

/// <summary>
/// TCP ports that nobody listens on, below those that the kernel gives to whoever asks for any (from 32768 on Linux): one of those could be
/// somebody else's between its choice and its use.
/// </summary>
internal static class FreePort
{
    public static int Next()
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 32_000);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            try
            {
                socket.Bind(new IPEndPoint(IPAddress.Any, port));
                return port;
            }
            catch (SocketException taken) when (taken.SocketErrorCode == SocketError.AddressAlreadyInUse)
            {
                // Another, then.
            }
        }
    }
}
