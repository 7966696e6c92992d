using System.IO.Compression;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.Options;

namespace Platform.Edge.Site;

/// <summary>
/// Compresses pages and JSON when the client asks, also over https: a page's secrets, its nonce and its anti-forgery token, are new each
/// time, and what a key or a session opens is not sent to another site's page, so that BREACH has nothing to measure. Small answers gain
/// nothing and stay as they are.
/// </summary>
internal sealed class Compression(IServiceProvider services, IOptions<ResponseCompressionOptions> options)
    : ResponseCompressionProvider(services, options)
{
    private const long WorthIt = 1024;

    public override bool ShouldCompressResponse(HttpContext context) =>
        context.Response.ContentLength is null or >= WorthIt
        // RFC 9111, 5.2.2.6: the contents of documents, whose ranges and ETag are those of the bytes as they are.
        && context.Response.Headers.CacheControl.ToString()?.Contains("no-transform", StringComparison.OrdinalIgnoreCase) != true
        && base.ShouldCompressResponse(context);
}

internal static class CompressionExtensions
{
    public static void AddCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(options =>
        {
            options.EnableForHttps = true;
            options.Providers.Add<BrotliCompressionProvider>();
            options.Providers.Add<GzipCompressionProvider>();
            options.MimeTypes = ["text/html", "text/csv", "text/plain", "application/json", "application/problem+json"];
        });
        services.AddSingleton<IResponseCompressionProvider, Compression>();
        services.Configure<BrotliCompressionProviderOptions>(brotli => brotli.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(gzip => gzip.Level = CompressionLevel.Fastest);
    }

    public static void UseCompression(this WebApplication app) => app.UseResponseCompression();
}
