using Microsoft.Net.Http.Headers;
using Platform.Api.Storage;

namespace Platform.Api.Documents;

/// <summary>Answers with the bytes of documents.</summary>
internal sealed class DocumentContents(IObjectStore store)
{
    /// <summary>
    /// The bytes, whole or in the ranges that are asked for. An object that is missing is our fault: the exception becomes 500 and is logged.
    /// </summary>
    /// <param name="inline">To be shown rather than saved, if a browser can do so safely.</param>
    public async Task<IResult> OpenAsync(HttpContext context, Document document, bool inline, CancellationToken cancellationToken)
    {
        var content = await store.OpenAsync(document.ObjectKey, cancellationToken);
        var safe = FileType.TryGet(document.FileExtension, out var type) && type.IsSafeInline;
        var headers = context.Response.Headers;
        headers.ContentDisposition = Disposition(document.Filename, inline && safe);
        // Whatever is in the file, a browser neither takes it for something else nor runs it here.
        headers.XContentTypeOptions = "nosniff";
        headers.ContentSecurityPolicy = "sandbox";
        return TypedResults.Stream(
            content,
            document.ContentType,
            lastModified: new DateTimeOffset(document.UploadTimestamp),
            entityTag: new($"\"{document.Sha256}\""),
            enableRangeProcessing: true);
    }

    /// <summary>With the name for old and new clients (RFC 6266).</summary>
    private static string Disposition(string filename, bool inline)
    {
        var disposition = new ContentDispositionHeaderValue(inline ? "inline" : "attachment");
        disposition.SetHttpFileName(filename);
        return disposition.ToString();
    }
}
