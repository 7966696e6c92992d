using System.Buffers;
using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;

namespace Platform.Api.Requests;

/// <summary>
/// The texts of a request body, read from a flat JSON object or a form, bounded and checked against their <see cref="TextField"/>s. Fields
/// that are not known are ignored. JSON is read token by token, because only then can every mistake name its field.
/// </summary>
internal sealed class TextFields
{
    public const int MaxBodyBytes = 64 * 1024;

    private const string Body = "body";
    private static readonly FormOptions FormLimits = new()
    {
        KeyLengthLimit = 256,
        ValueCountLimit = 64,
        ValueLengthLimit = MaxBodyBytes,
        MultipartBodyLengthLimit = MaxBodyBytes,
        MultipartHeadersCountLimit = 8,
        MemoryBufferThreshold = MaxBodyBytes,
    };

    private readonly TextField[] _fields;
    private readonly string?[] _values;
    private readonly bool[] _sent;

    private TextFields(TextField[] fields)
    {
        _fields = fields;
        _values = new string?[fields.Length];
        _sent = new bool[fields.Length];
    }

    /// <summary>By field name, as in a validation problem; null when the body is fine.</summary>
    public Dictionary<string, string[]>? Errors { get; private set; }

    /// <summary>400 when the body cannot be read, 413 too large, 415 of another type, 422 when a value breaks a rule, else 200.</summary>
    public int Status { get; private set; } = StatusCodes.Status200OK;

    public string this[int field] => _values[field]!;

    /// <summary>Whether the body had a value for the field, be it blank; null is none.</summary>
    public bool IsSent(int field) => _sent[field];

    /// <summary>Reads the body. With <paramref name="isOptional"/> a request without one has every field missing.</summary>
    public static async ValueTask<TextFields> ReadAsync(
        HttpRequest request, TextField[] fields, CancellationToken cancellationToken, bool isOptional = false)
    {
        var read = new TextFields(fields);
        try
        {
            if (request.IsJsonInUtf8())
            {
                await read.ReadJsonAsync(request, isOptional, cancellationToken);
            }
            else if (request.HasFormContentType)
            {
                read.ReadForm(await request.ReadFormAsync(FormLimits, cancellationToken));
            }
            else if (!isOptional || request.ContentType is not null)
            {
                read.Fail("Content-Type", "must be application/json, application/x-www-form-urlencoded or multipart/form-data", 415);
            }
        }
        catch (BadHttpRequestException refused) when (refused.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            read.Fail(Body, $"must be at most {MaxBodyBytes} bytes long", StatusCodes.Status413PayloadTooLarge);
        }
        catch (JsonException)
        {
            read.Fail(Body, "must be a valid JSON object", StatusCodes.Status400BadRequest);
        }
        catch (Exception unreadable) when (unreadable is InvalidDataException or IOException && !cancellationToken.IsCancellationRequested)
        {
            read.Fail(Body, "must be a valid form of bounded size", StatusCodes.Status400BadRequest);
        }
        if (read.Status is 200 or 422)
        {
            read.Check();
        }
        return read;
    }

    /// <summary>Adds what a rule beyond the lengths has found.</summary>
    public void Refuse(int field, string error) => Fail(_fields[field].Name, error, StatusCodes.Status422UnprocessableEntity);

    public bool IsValid(int field) => Errors is null || !Errors.ContainsKey(_fields[field].Name);

    private async ValueTask ReadJsonAsync(HttpRequest request, bool isOptional, CancellationToken cancellationToken)
    {
        var body = request.BodyReader;
        while (true)
        {
            var result = await body.ReadAsync(cancellationToken);
            if (result.Buffer.Length > MaxBodyBytes)
            {
                body.AdvanceTo(result.Buffer.End);
                throw new BadHttpRequestException("Request body too large.", StatusCodes.Status413PayloadTooLarge);
            }
            if (!result.IsCompleted)
            {
                body.AdvanceTo(result.Buffer.Start, result.Buffer.End);
                continue;
            }
            try
            {
                if (!isOptional || !result.Buffer.IsEmpty)
                {
                    ParseJson(result.Buffer);
                }
            }
            finally
            {
                body.AdvanceTo(result.Buffer.End);
            }
            return;
        }
    }

    private void ParseJson(in ReadOnlySequence<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException();
        }
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var field = Find(ref reader);
            reader.Read();
            if (field >= 0)
            {
                ReadValue(field, ref reader);
            }
            reader.Skip();
        }
        // Anything after the object is an error, which the reader raises here.
        reader.Read();
    }

    private int Find(ref Utf8JsonReader reader)
    {
        try
        {
            for (var i = 0; i < _fields.Length; i++)
            {
                if (reader.ValueTextEquals(_fields[i].Name))
                {
                    return i;
                }
            }
        }
        catch (InvalidOperationException)
        {
            // As in a value; only that there is no field to be named.
            Fail(Body, "must be valid Unicode text", StatusCodes.Status400BadRequest);
        }
        return -1;
    }

    private void ReadValue(int field, ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.String:
                try
                {
                    _values[field] = reader.GetString();
                }
                catch (InvalidOperationException)
                {
                    // Invalid UTF-8, or an escaped surrogate without its other half: no Unicode text, and nothing PostgreSQL could store.
                    Fail(_fields[field].Name, "must be valid Unicode text", StatusCodes.Status400BadRequest);
                }
                break;
            case JsonTokenType.Null:
                break;
            default:
                Fail(_fields[field].Name, "must be a string", StatusCodes.Status422UnprocessableEntity);
                break;
        }
    }

    private void ReadForm(IFormCollection form)
    {
        for (var i = 0; i < _fields.Length; i++)
        {
            var sent = form[_fields[i].Name];
            if (sent.Count > 1)
            {
                Fail(_fields[i].Name, "must be given once", StatusCodes.Status422UnprocessableEntity);
            }
            else if (sent.Count == 1 && sent[0]!.Contains('\uFFFD', StringComparison.Ordinal))
            {
                // What the form reader puts in place of bytes that are not UTF-8.
                Fail(_fields[i].Name, "must be valid Unicode text", StatusCodes.Status400BadRequest);
            }
            else
            {
                _values[i] = sent;
            }
        }
    }

    private void Check()
    {
        for (var i = 0; i < _fields.Length; i++)
        {
            if (!IsValid(i))
            {
                continue;
            }
            _sent[i] = _values[i] is not null;
            (_values[i], var error) = _fields[i].Check(_values[i]);
            if (error is not null)
            {
                Refuse(i, error);
            }
        }
    }

    private void Fail(string name, string error, int status)
    {
        (Errors ??= [])[name] = [error];
        // The first failure that makes the body unreadable outranks what its values break.
        if (Status is 200 or 422)
        {
            Status = status;
        }
    }
}
