using System.Net;
using FsCheck.Xunit;
using Platform.Edge.Limits;

namespace Platform.Tests.Unit.Edge;

public sealed class ClientAddressTests
{
    [Property]
    public bool An_ipv4_address_is_a_client_of_its_own_however_it_is_written(uint first, uint second)
    {
        IPAddress one = new(BitConverter.GetBytes(first)), other = new(BitConverter.GetBytes(second));
        return ClientAddress.Of(one) == ClientAddress.Of(one.MapToIPv6())
            && ClientAddress.Of(one) == ClientAddress.Of(other) == (first == second);
    }

    [Property]
    public bool All_addresses_of_an_ipv6_network_are_one_client(ulong network, ulong host, ulong otherHost, ulong otherNetwork)
    {
        // 2001:db8::/32 keeps clear of the addresses that mean something else.
        network = 0x20010db8_00000000 | (network >> 32);
        otherNetwork = 0x20010db8_00000000 | (otherNetwork >> 32);
        return ClientAddress.Of(V6(network, host)) == ClientAddress.Of(V6(network, otherHost))
            && ClientAddress.Of(V6(network, host)) == ClientAddress.Of(V6(otherNetwork, host)) == (network == otherNetwork);
    }

    private static IPAddress V6(ulong network, ulong host)
    {
        var bytes = new byte[16];
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes, network);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(8), host);
        return new IPAddress(bytes);
    }
}
