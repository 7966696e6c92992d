using System.Text;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Platform.Api.Documents;

/// <summary>
/// The body of an upload, read from the socket part by part in whatever order they come. Every failure is an
/// <see cref="UploadRefusedException"/> that names the field.
/// </summary>
internal sealed class UploadForm
{
    public const string File = "file";
    public const string Tags = "tags";

    /// <summary>Bytes of everything but the file.</summary>
    public const int MaxFrameBytes = 64 * 1024;

    private const string Body = "body";
    private const int MaxParts = 100;
    private const int MaxFieldBytes = 16 * 1024;
    // What is searched for the boundary at once.
    private const int BufferSize = 64 * 1024;
    // RFC 2046, 5.1.1.
    private const int MaxBoundaryLength = 70;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly Dictionary<string, List<string>> _values = [];
    private int _frameBytes;

    public string ContactId { get; private set; } = "";

    public string DocumentType { get; private set; } = "";

    public string Description { get; private set; } = "";

    public IReadOnlyList<string> TagList { get; private set; } = [];

    /// <summary>Reads the body, and hands the file on as it comes.</summary>
    /// <param name="takeFile">Is given the file's name and its bytes, once.</param>
    public static async Task<UploadForm> ReadAsync(HttpRequest request, Func<string, Stream, Task> takeFile, CancellationToken cancellationToken)
    {
        var form = new UploadForm();
        var boundary = Boundary(request.ContentType);
        try
        {
            await form.ReadPartsAsync(
                new MultipartReader(boundary, request.Body, BufferSize) { HeadersCountLimit = 8, HeadersLengthLimit = 8 * 1024 }, takeFile, cancellationToken);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or (IOException and not BadHttpRequestException)
            && !cancellationToken.IsCancellationRequested)
        {
            throw new UploadRefusedException(StatusCodes.Status400BadRequest, Body, "must be a complete multipart form");
        }
        form.Check();
        return form;
    }

    private static string Boundary(string? contentType)
    {
        if (!MediaTypeHeaderValue.TryParse(contentType, out var type)
            || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
        {
            throw new UploadRefusedException(StatusCodes.Status415UnsupportedMediaType, "Content-Type", "must be multipart/form-data");
        }
        var boundary = HeaderUtilities.RemoveQuotes(type.Boundary);
        return boundary.Length is > 0 and <= MaxBoundaryLength
            ? boundary.ToString()
            : throw new UploadRefusedException(
                StatusCodes.Status400BadRequest, "Content-Type", $"must have a boundary of 1 to {MaxBoundaryLength} characters");
    }

    private async Task ReadPartsAsync(MultipartReader reader, Func<string, Stream, Task> takeFile, CancellationToken cancellationToken)
    {
        var hasFile = false;
        for (var parts = 0; await reader.ReadNextSectionAsync(cancellationToken) is { } part; parts++)
        {
            if (parts == MaxParts)
            {
                throw new UploadRefusedException(StatusCodes.Status400BadRequest, Body, $"must have at most {MaxParts} parts");
            }
            if (!ContentDispositionHeaderValue.TryParse(part.ContentDisposition, out var disposition)
                || HeaderUtilities.RemoveQuotes(disposition.Name) is not { Length: > 0 } name)
            {
                throw new UploadRefusedException(
                    StatusCodes.Status400BadRequest, Body, "must be a multipart form in which every part has a Content-Disposition with a name");
            }
            var isFile = disposition.FileName.HasValue || disposition.FileNameStar.HasValue;
            if (isFile || name == File)
            {
                if (!isFile || name != File || hasFile)
                {
                    throw new UploadRefusedException(
                        StatusCodes.Status422UnprocessableEntity, File, "must be exactly one file, sent with its name");
                }
                hasFile = true;
                CheckKnown();
                await takeFile(SentName(disposition), part.Body);
            }
            else
            {
                await ReadFieldAsync(name.ToString(), part.Body, cancellationToken);
            }
        }
        if (!hasFile)
        {
            throw new UploadRefusedException(StatusCodes.Status422UnprocessableEntity, File, "is required");
        }
    }

    /// <summary>RFC 5987 names come first, as browsers do it; else what stands between the quotes, which is UTF-8 from every client.</summary>
    private static string SentName(ContentDispositionHeaderValue disposition) => disposition.FileNameStar.HasValue
        ? disposition.FileNameStar.ToString()
        : HeaderUtilities.RemoveQuotes(disposition.FileName).ToString();

    private async Task ReadFieldAsync(string name, Stream body, CancellationToken cancellationToken)
    {
        var bytes = new byte[MaxFieldBytes + 1];
        var read = await body.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken);
        var isKnown = DocumentFields.IsKnown(name);
        _frameBytes += read;
        if (_frameBytes > MaxFrameBytes || (read > MaxFieldBytes && !isKnown))
        {
            throw new UploadRefusedException(
                StatusCodes.Status413PayloadTooLarge, Body, $"must be at most {MaxFrameBytes} bytes long beside the file, {MaxFieldBytes} a field");
        }
        if (!isKnown)
        {
            return;
        }
        if (read > MaxFieldBytes)
        {
            throw new UploadRefusedException(StatusCodes.Status422UnprocessableEntity, name, DocumentFields.TooLong(name));
        }
        try
        {
            (_values.TryGetValue(name, out var values) ? values : _values[name] = []).Add(StrictUtf8.GetString(bytes.AsSpan(0, read)));
        }
        catch (DecoderFallbackException)
        {
            throw new UploadRefusedException(StatusCodes.Status400BadRequest, name, "must be valid UTF-8");
        }
    }

    /// <summary>What came before the file is checked before it is stored.</summary>
    private void CheckKnown()
    {
        foreach (var name in _values.Keys)
        {
            Check(name);
        }
    }

    private void Check()
    {
        ContactId = Check(DocumentFields.ContactId.Name);
        DocumentType = Check(DocumentFields.DocumentType.Name);
        Description = Check(DocumentFields.Description.Name);
        TagList = DocumentFields.CheckTags(_values.GetValueOrDefault(Tags)?.SelectMany(value => value.Split(',')) ?? [], out var error);
        if (error is not null)
        {
            throw new UploadRefusedException(StatusCodes.Status422UnprocessableEntity, Tags, error);
        }
    }

    private string Check(string name)
    {
        var values = _values.GetValueOrDefault(name) ?? [];
        var value = "";
        string? error;
        if (name == Tags)
        {
            DocumentFields.CheckTags(values.SelectMany(value => value.Split(',')), out error);
        }
        else if (values.Count > 1)
        {
            error = "must be given once";
        }
        else
        {
            (value, error) = DocumentFields.Get(name).Check(values.FirstOrDefault());
        }
        return error is null ? value : throw new UploadRefusedException(StatusCodes.Status422UnprocessableEntity, name, error);
    }
}
