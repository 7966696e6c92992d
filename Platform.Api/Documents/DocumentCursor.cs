using System.Buffers.Binary;
using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Platform.Api.Documents;

/// <summary>
/// A place in a list of documents: the keyset of the last one that was seen. Clients see base64url and pass it back as it is.
/// </summary>
internal sealed record DocumentCursor(DateTime UploadTimestamp, Guid Id)
{
    private const int Size = sizeof(long) + 16;

    public override string ToString()
    {
        Span<byte> bytes = stackalloc byte[Size];
        BinaryPrimitives.WriteInt64BigEndian(bytes, UploadTimestamp.Ticks);
        Id.TryWriteBytes(bytes[sizeof(long)..]);
        return Base64Url.EncodeToString(bytes);
    }

    /// <summary>
    /// False for anything that <see cref="ToString"/> cannot have made. A cursor that was made up reads nothing that its key may not read.
    /// </summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out DocumentCursor? cursor)
    {
        cursor = null;
        Span<byte> bytes = stackalloc byte[Size];
        if (text.Length != Base64Url.GetEncodedLength(Size) || !Base64Url.IsValid(text)
            || !Base64Url.TryDecodeFromChars(text, bytes, out var decoded) || decoded != Size
            || BinaryPrimitives.ReadInt64BigEndian(bytes) is not (>= 0 and var ticks) || ticks > DateTime.MaxValue.Ticks)
        {
            return false;
        }
        cursor = new(new(ticks, DateTimeKind.Utc), new(bytes[sizeof(long)..]));
        return true;
    }
}
