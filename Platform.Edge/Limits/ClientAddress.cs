using System.Buffers.Binary;
using System.Net;

namespace Platform.Edge.Limits;

/// <summary>Who counts as one client: an IPv4 address, or an IPv6 /64, which one subscriber has to itself.</summary>
internal static class ClientAddress
{
    /// <summary>A number for the client; IPv4 addresses also where they come mapped into IPv6.</summary>
    public static ulong Of(IPAddress? address)
    {
        if (address is null)
        {
            return 0;
        }

        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var written);
        if (written == 4)
        {
            return BinaryPrimitives.ReadUInt32BigEndian(bytes);
        }

        return address.IsIPv4MappedToIPv6
            ? BinaryPrimitives.ReadUInt32BigEndian(bytes[12..])
            : BinaryPrimitives.ReadUInt64BigEndian(bytes);
    }
}
