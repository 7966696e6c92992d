using System.Globalization;
using Microsoft.Extensions.Options;
using Platform.Api.Requests;

namespace Platform.Api.Contacts;

/// <summary>
/// Recognises submissions of the form that no person made, by two fields that only the form has. Whoever learns of them can get around
/// both, and whoever fills in every form that it finds does not. Clients of the API send neither.
/// </summary>
internal sealed class SpamGuard(IOptions<ContactOptions> options, TimeProvider time)
{
    private const string Honeypot = "honeypot", NotTheForm = "not_the_form", TooFast = "too_fast";

    /// <summary>All that <see cref="Judge"/> may answer.</summary>
    public static IReadOnlyList<string> Reasons { get; } = [Honeypot, NotTheForm, TooFast];

    /// <summary>Why this is spam; null when it is not.</summary>
    public string? Judge(TextFields fields)
    {
        if (fields[ContactFields.Trap].Length > 0)
        {
            return Honeypot;
        }
        var opened = fields[ContactFields.Opened];
        if (opened.Length == 0)
        {
            return null;
        }
        if (!long.TryParse(opened, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds))
        {
            return NotTheForm;
        }
        // The edge's clock may be ahead of this one: that is no fault of the person's.
        var elapsed = time.GetUtcNow().ToUnixTimeMilliseconds() - milliseconds;
        return elapsed >= 0 && elapsed < options.Value.MinimumFillTime.TotalMilliseconds ? TooFast : null;
    }
}
