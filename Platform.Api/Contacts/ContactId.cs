namespace Platform.Api.Contacts;

/// <summary>
/// The id of a contact: <c>contact_</c> and a UUIDv7 (RFC 9562) in 32 hexadecimal digits. It sorts by time and is made here.
/// </summary>
internal static class ContactId
{
    private const int MaxLength = 255;

    public static string Create(DateTimeOffset now) => $"contact_{Guid.CreateVersion7(now):n}";

    /// <summary>Ids that came from another system may look otherwise, but have to be text that PostgreSQL can hold.</summary>
    public static bool IsPossible(string id) => id.Length is > 0 and <= MaxLength && !id.Any(char.IsControl);
}
