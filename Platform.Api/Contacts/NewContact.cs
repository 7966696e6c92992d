using Platform.Api.Idempotency;
using Platform.Api.Requests;

namespace Platform.Api.Contacts;

/// <summary>A checked submission on its way to the database.</summary>
/// <param name="Timestamp">UTC in whole microseconds, which is what PostgreSQL keeps.</param>
internal sealed record NewContact(
    string Id,
    DateTime Timestamp,
    string Name,
    string Email,
    string Message,
    string Company,
    string Service,
    string Budget,
    string Source,
    string UserAgent,
    string PageUrl)
{
    /// <summary>The answer that is stored with the contact, when the request has an Idempotency-Key.</summary>
    public KeyedAnswer? Answer { get; init; }

    public static NewContact From(TextFields fields, DateTimeOffset now) => new(
        ContactId.Create(now),
        now.UtcDateTime.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond)),
        fields[ContactFields.Name],
        fields[ContactFields.Email],
        fields[ContactFields.Message],
        fields[ContactFields.Company],
        fields[ContactFields.Service],
        fields[ContactFields.Budget],
        fields[ContactFields.Source],
        fields[ContactFields.UserAgent],
        fields[ContactFields.PageUrl]);
}
