using System.Globalization;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace Platform.Edge.Site;

/// <summary>An answer that is an error: a page for a person, an RFC 9457 problem document for a program.</summary>
internal sealed class Problem(SiteFiles site, IProblemDetailsService documents)
{
    /// <summary>Answers with <paramref name="status"/>.</summary>
    /// <param name="context">The request.</param>
    /// <param name="status">The status code, 400 to 599.</param>
    /// <param name="detail">One sentence for whoever reads it; nothing internal.</param>
    /// <param name="retryAfter">When it makes sense to ask again, sent as <c>Retry-After</c> in whole seconds.</param>
    public async Task WriteAsync(HttpContext context, int status, string? detail = null, TimeSpan? retryAfter = null)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.Headers.CacheControl = "no-store";
        response.SetRetryAfter(retryAfter);

        var title = ReasonPhrases.GetReasonPhrase(status);
        if (context.Request.AcceptsHtml())
        {
            await site.ErrorPage(status).WriteAsync(context, new PageValues { Status = status, Title = title, Detail = detail });
            return;
        }

        await documents.WriteAsync(new ProblemDetailsContext
        {
            HttpContext = context,
            ProblemDetails = new ProblemDetails { Status = status, Title = title, Detail = detail },
        });
    }
}

internal static class RetryAfterExtensions
{
    /// <summary>Says when it makes sense to ask again (RFC 9110, 10.2.3): in whole seconds, at least 1. Null says nothing.</summary>
    public static void SetRetryAfter(this HttpResponse response, TimeSpan? wait)
    {
        if (wait is { TotalSeconds: var seconds })
        {
            response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(seconds)).ToString(CultureInfo.InvariantCulture);
        }
    }
}
