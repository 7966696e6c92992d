using System.Text.Json;

namespace Platform.Tests.Abuse;

/// <summary>The OpenAPI document, as far as requests are made from it.</summary>
internal sealed class ApiDescription(JsonElement document)
{
    private static readonly string[] Methods = ["get", "put", "post", "delete", "patch"];

    public IReadOnlyList<Operation> Operations { get; } =
    [
        .. from path in document.GetProperty("paths").EnumerateObject()
           from operation in path.Value.EnumerateObject()
           where Methods.Contains(operation.Name)
           select new Operation(operation.Name.ToUpperInvariant(), path.Name, operation.Value),
    ];

    /// <summary>The schema itself, in place of a reference to it or of a choice between it and null.</summary>
    public JsonElement Resolve(JsonElement schema)
    {
        if (schema.TryGetProperty("oneOf", out var choices))
        {
            schema = choices.EnumerateArray().Last();
        }

        return schema.TryGetProperty("$ref", out var reference)
            ? Resolve(document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]))
            : schema;
    }

    /// <summary>The place where the value is not as the schema says; null when it is.</summary>
    public string? Mismatch(JsonElement schema, JsonElement value, string at = "$")
    {
        var isNull = value.ValueKind == JsonValueKind.Null;
        if (isNull && schema.TryGetProperty("oneOf", out _))
        {
            return null;
        }

        schema = Resolve(schema);
        if (schema.TryGetProperty("type", out var type))
        {
            var types = type.ValueKind == JsonValueKind.String ? [type.GetString()!] : type.EnumerateArray().Select(one => one.GetString()!).ToArray();
            if (!types.Intersect(TypesOf(value.ValueKind)).Any())
            {
                return $"{at} is no {string.Join(" or ", types)}";
            }
        }

        if (isNull)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            return value.EnumerateArray().Select(item => Mismatch(items, item, at + "[]")).FirstOrDefault(found => found is not null);
        }

        if (value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToArray() : [];
        if (required.FirstOrDefault(name => !value.TryGetProperty(name, out _)) is { } missing)
        {
            return $"{at}.{missing} is missing";
        }

        var hasProperties = schema.TryGetProperty("properties", out var properties);
        var hasOthers = schema.TryGetProperty("additionalProperties", out var others);
        return value.EnumerateObject().Select(property =>
            hasProperties && properties.TryGetProperty(property.Name, out var known) ? Mismatch(known, property.Value, $"{at}.{property.Name}")
            : hasOthers ? Mismatch(others, property.Value, $"{at}.{property.Name}")
            : hasProperties ? $"{at}.{property.Name} is not described" : null).FirstOrDefault(found => found is not null);
    }

    private static string[] TypesOf(JsonValueKind kind) => kind switch
    {
        JsonValueKind.String => ["string"],
        JsonValueKind.Number => ["number", "integer"],
        JsonValueKind.True or JsonValueKind.False => ["boolean"],
        JsonValueKind.Array => ["array"],
        JsonValueKind.Null => ["null"],
        _ => ["object"],
    };
}

/// <summary>A method on a path.</summary>
internal sealed class Operation(string method, string path, JsonElement description)
{
    public string Method { get; } = method;

    /// <summary>With names in braces.</summary>
    public string Path { get; } = path;

    public string Id { get; } = description.GetProperty("operationId").GetString()!;

    public IReadOnlyList<int> Statuses { get; } =
        [.. description.GetProperty("responses").EnumerateObject().Select(answer => int.Parse(answer.Name))];

    /// <summary>The schema of the JSON that is answered with a status, where there is one.</summary>
    public JsonElement? Answer(int status) =>
        description.GetProperty("responses").TryGetProperty(status.ToString(), out var answer)
        && answer.TryGetProperty("content", out var content) && content.TryGetProperty("application/json", out var json)
            ? json.GetProperty("schema") : null;

    /// <summary>Names of the query string.</summary>
    public IReadOnlyList<string> Parameters { get; } = description.TryGetProperty("parameters", out var parameters)
        ? [.. parameters.EnumerateArray().Where(parameter => parameter.GetProperty("in").GetString() == "query")
            .Select(parameter => parameter.GetProperty("name").GetString()!)]
        : [];

    /// <summary>Schemas of the body by content type.</summary>
    public IReadOnlyList<(string ContentType, JsonElement Schema)> Bodies { get; } = description.TryGetProperty("requestBody", out var body)
        ? [.. body.GetProperty("content").EnumerateObject().Select(content => (content.Name, content.Value.GetProperty("schema")))]
        : [];

    public override string ToString() => $"{Method} {Path}";
}
