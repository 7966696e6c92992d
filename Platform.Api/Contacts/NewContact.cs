using Platform.Api.Requests;

namespace Platform.Api.Contacts;

/// <summary>A checked submission on its way to the database.</summary>
/// <param name="Id"><c>contact_</c> and a UUIDv7 in 32 hexadecimal digits: made here, sorts by time.</param>
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
    public static NewContact From(TextFields fields, DateTimeOffset now) => new(
        $"contact_{Guid.CreateVersion7(now):n}",
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
