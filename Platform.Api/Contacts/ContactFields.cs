using Platform.Api.Requests;

namespace Platform.Api.Contacts;

/// <summary>The fields of POST /contact with their limits; the table has the same ones as check constraints.</summary>
internal static class ContactFields
{
    public const int Name = 0, Email = 1, Message = 2, Company = 3, Service = 4, Budget = 5, Source = 6, UserAgent = 7, PageUrl = 8,
        Trap = 9, Opened = 10;

    private const string NotSpecified = "Not specified";

    public static TextField[] All { get; } =
    [
        new("name", 100, IsRequired: true),
        new("email", 254, IsRequired: true),
        new("message", 1000, IsRequired: true, IsMultiLine: true),
        new("company", 100, Default: NotSpecified),
        new("service", 100, Default: NotSpecified),
        new("budget", 50, Default: NotSpecified),
        new("source", 50, Default: "website"),
        new("userAgent", 500),
        new("pageUrl", 500),
        // Of the form only (SpamGuard), and not worth telling anybody: no limit of their own.
        new("subject_line", TextFields.MaxBodyBytes, IsMultiLine: true),
        new("opened", TextFields.MaxBodyBytes),
    ];

    public static async ValueTask<TextFields> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var fields = await TextFields.ReadAsync(request, All, cancellationToken);
        if (fields.Status is 200 or 422 && fields.IsValid(Email) && !EmailAddress.IsValid(fields[Email]))
        {
            fields.Refuse(Email, "must be a valid e-mail address");
        }
        return fields;
    }
}
