using System.Text.Json;
using System.Text.Json.Serialization;

namespace Platform.Api.Contacts;

/// <summary>A contact as the API shows it.</summary>
internal sealed record Contact
{
    [JsonPropertyName("contactId")]
    public required string Id { get; init; }
    public required string Name { get; init; }
    public required string Email { get; init; }
    public required string Company { get; init; }
    public required string Service { get; init; }
    public required string Budget { get; init; }
    public required string Message { get; init; }
    public required DateTime Timestamp { get; init; }

    /// <summary><c>new</c>, <c>contacted</c> or <c>closed</c>.</summary>
    public required string Status { get; init; }
    public required string Source { get; init; }
    public required string UserAgent { get; init; }
    public required string PageUrl { get; init; }

    /// <summary>What the owner noted; empty while there is nothing.</summary>
    public required string Notes { get; init; }

    /// <summary>What is known from the contact's documents; null while there are none.</summary>
    public JsonElement? DocumentInsights { get; init; }

    /// <summary>When status or notes were changed last; null when they never were.</summary>
    public DateTime? LastUpdated { get; init; }
    public required DateTime CreatedAt { get; init; }
    public required DateTime UpdatedAt { get; init; }
}

/// <summary>What POST /contact takes, as the OpenAPI document describes it; <see cref="ContactFields"/> has the limits.</summary>
internal sealed record ContactRequest(
    string Name,
    string Email,
    string Message,
    string? Company = null,
    string? Service = null,
    string? Budget = null,
    string? Source = null,
    [property: JsonPropertyName("userAgent")] string? UserAgent = null,
    [property: JsonPropertyName("pageUrl")] string? PageUrl = null);

/// <summary>The acknowledgement: the contact is in the database.</summary>
/// <param name="VisitorCount">This submission's own value of the visitor counter.</param>
/// <param name="DocumentsCount">Of this contact: none yet.</param>
internal sealed record ContactReceipt(
    string Message,
    [property: JsonPropertyName("contactId")] string ContactId,
    DateTime Timestamp,
    long VisitorCount,
    int DocumentsCount);

/// <summary>What PATCH /contacts/{id} takes; what is missing stays as it is.</summary>
/// <param name="Status"><c>contacted</c> or <c>closed</c>.</param>
internal sealed record ContactChangeRequest(string? Status = null, string? Notes = null);

/// <summary>A page, newest first.</summary>
/// <param name="NextCursor">Where the next page begins; null on the last.</param>
internal sealed record ContactPage(IReadOnlyList<Contact> Contacts, string? NextCursor);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(Contact))]
[JsonSerializable(typeof(ContactRequest))]
[JsonSerializable(typeof(ContactReceipt))]
[JsonSerializable(typeof(ContactChangeRequest))]
[JsonSerializable(typeof(ContactPage))]
internal sealed partial class ContactJson : JsonSerializerContext;
