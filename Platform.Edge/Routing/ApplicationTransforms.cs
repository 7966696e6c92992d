using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using Yarp.ReverseProxy.Forwarder;
using Yarp.ReverseProxy.Transforms;
using Yarp.ReverseProxy.Transforms.Builder;

namespace Platform.Edge.Routing;

/// <summary>
/// Puts an application below its prefix: it is told the address that its users see, and what it says about its own address is turned into that.
/// </summary>
internal static class ApplicationTransforms
{
    private const string Refresh = "Refresh";
    private const string EncodedSlash = "%2F";

    public static void AddApplication(this TransformBuilderContext context, Application application)
    {
        if (application.StripPrefix)
        {
            context.AddPathRemovePrefix(application.Prefix);
        }

        if (application.PrefixHeader is { } header)
        {
            context.AddRequestHeader(header, application.Prefix.Value!, append: false);
        }

        // Applications compare Origin with Host, for WebSockets above all.
        context.AddOriginalHost();
        context.AddRequestTransform(transform =>
        {
            if (transform.Path.Value!.Contains(EncodedSlash, StringComparison.OrdinalIgnoreCase))
            {
                transform.ProxyRequest.RequestUri = WithEncodedSlashes(transform);
            }

            return ValueTask.CompletedTask;
        });
        context.AddResponseTransform(transform =>
        {
            if (transform.ProxyResponse?.RequestMessage?.RequestUri is { } server)
            {
                ShowPublicAddress(transform.HttpContext, application, server);
            }

            return ValueTask.CompletedTask;
        });
    }

    /// <summary>A slash inside a name goes on as it came. By itself, the proxy encodes the percent sign once more.</summary>
    private static Uri WithEncodedSlashes(RequestTransformContext transform)
    {
        var address = RequestUtilities.MakeDestinationAddress(transform.DestinationPrefix, transform.Path, transform.Query.QueryString);
        return new Uri(
            address.GetLeftPart(UriPartial.Path).Replace("%25" + EncodedSlash[1..], EncodedSlash, StringComparison.OrdinalIgnoreCase) + address.Query);
    }

    private static void ShowPublicAddress(HttpContext context, Application application, Uri server)
    {
        var headers = context.Response.Headers;
        Replace(headers, HeaderNames.Location, Public);
        Replace(headers, HeaderNames.ContentLocation, Public);
        // "5; url=/login"
        Replace(headers, Refresh, value => value.IndexOf("url=", StringComparison.OrdinalIgnoreCase) is >= 0 and var index
            ? value[..(index + 4)] + Public(value[(index + 4)..].Trim('"', '\''))
            : value);
        Replace(headers, HeaderNames.SetCookie, cookie => string.Join("; ", cookie.Split(';', StringSplitOptions.TrimEntries)
            .Where(attribute => !attribute.StartsWith("domain=", StringComparison.OrdinalIgnoreCase))
            .Select(attribute => attribute.StartsWith("path=/", StringComparison.OrdinalIgnoreCase)
                ? attribute[..5] + WithPrefix(application, attribute[5..])
                : attribute)));

        string Public(string address) => ToPublic(address, application, server.Authority, context.Request.Host.Value);
    }

    /// <summary>An address that the application gave, as a path of the edge; one that is on another host as it is.</summary>
    private static string ToPublic(string address, Application application, string server, string? host)
    {
        var absolute = address.StartsWith("//", StringComparison.Ordinal) ? "http:" + address : address;
        if (Uri.TryCreate(absolute, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps))
        {
            if (!IsHost(uri, server) && !IsHost(uri, host))
            {
                return address;
            }

            // More slashes than one would make the next name a host.
            address = "/" + (uri.PathAndQuery + uri.Fragment).TrimStart('/');
        }

        return WithPrefix(application, address);
    }

    private static bool IsHost(Uri uri, string? authority) => string.Equals(uri.Authority, authority, StringComparison.OrdinalIgnoreCase);

    /// <summary>A path below the prefix, where the application does not know of it and has not put it there itself.</summary>
    private static string WithPrefix(Application application, string path) =>
        application.StripPrefix && path.StartsWith('/') && !new PathString(path.Split('?', '#')[0]).StartsWithSegments(application.Prefix)
            ? application.Prefix + path
            : path;

    private static void Replace(IHeaderDictionary headers, string name, Func<string, string> replacement)
    {
        if (headers.TryGetValue(name, out var values))
        {
            headers[name] = new StringValues([.. values.Select(value => replacement(value ?? ""))]);
        }
    }
}
