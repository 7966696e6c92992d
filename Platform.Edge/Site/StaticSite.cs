using Microsoft.AspNetCore.Antiforgery;
using Platform.Edge.Authentication;
using Platform.Edge.Routing;

namespace Platform.Edge.Site;

/// <summary>Answers everything that is not a proxied route: the site's pages and files, and 404 for the rest.</summary>
internal sealed class StaticSite(RequestDelegate next, SiteFiles site, IAntiforgery antiforgery, Problem problem)
{
    /// <summary>The names of the contact form's fields, as the API reports them, in a person's words.</summary>
    private static readonly Dictionary<string, string> FieldNames = new()
    {
        ["name"] = "your name",
        ["email"] = "your e-mail address",
        ["message"] = "your message",
        ["company"] = "your company",
        ["service"] = "what it is about",
        ["budget"] = "your budget",
    };

    public Task InvokeAsync(HttpContext context)
    {
        var request = context.Request;
        var path = request.Path.Value ?? "/";
        var reading = HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);
        if (context.GetEndpoint() is not null)
        {
            // The address of the form's target, typed into a browser, shows the form.
            return path == "/contact" && reading && request.AcceptsHtml()
                ? site.Page("/contact.html")!.WriteAsync(context, Refused(request))
                : next(context);
        }

        var page = site.Page(path);
        var asset = page is null ? site.Asset(path) : null;
        if (path == "/index.html")
        {
            context.Response.Redirect("/", permanent: true);
            return Task.CompletedTask;
        }

        if (page is null && asset is null)
        {
            return problem.WriteAsync(context, StatusCodes.Status404NotFound, "There is nothing at this address.");
        }

        if (!reading)
        {
            context.Response.Headers.Allow = "GET, HEAD";
            return problem.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, "This page can only be read.");
        }

        return asset?.WriteAsync(context) ?? page!.WriteAsync(context, Values(context));
    }

    /// <summary>A page that is not for everybody says who sees it, and has the token for what it sends.</summary>
    private PageValues Values(HttpContext context) =>
        context.Features.Get<Session>() is { Ticket.Principal: var user } && RouteTable.AccessOf(context.Request.Path) != Access.Public
            ? new PageValues { User = user.Name, Role = user.Role, Csrf = antiforgery.GetAndStoreTokens(context).RequestToken }
            : Refused(context.Request);

    /// <summary>The form without JavaScript: the API sends the browser back with the names of the fields that it refused.</summary>
    private static PageValues Refused(HttpRequest request)
    {
        if (!request.Query.TryGetValue("invalid", out var names))
        {
            return default;
        }

        var fields = names.ToString().Split(',').Select(name => FieldNames.GetValueOrDefault(name)).OfType<string>().Distinct().ToList();
        return new PageValues { Invalid = fields.Count == 0 ? "the form" : string.Join(", ", fields) };
    }
}

internal static class StaticSiteExtensions
{
    public static void AddSite(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<SiteFiles>();
        builder.Services.AddSingleton<Problem>();
        builder.Services.AddCompression();
        builder.Services.AddOptions<SiteOptions>().BindConfiguration("Site")
            .Validate(options => options.IsValid(), "Site: PublicAddress is an http address, SecurityContact a URI such as mailto:security@example.org.")
            .ValidateOnStart();
    }

    public static void UseSite(this WebApplication app)
    {
        // A broken site stops the start, not the first visitor.
        app.Services.GetRequiredService<SiteFiles>();
        app.UseMiddleware<StaticSite>();
    }

    /// <summary>Whether a person's browser asks: programs name JSON, or nothing in particular.</summary>
    public static bool AcceptsHtml(this HttpRequest request) =>
        request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase);
}
