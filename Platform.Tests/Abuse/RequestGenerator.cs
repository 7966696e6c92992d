using System.Text;
using System.Text.Json;

namespace Platform.Tests.Abuse;

/// <summary>
/// Makes requests for an operation from its description: such as a client would send, then changed up to four times. The same seed makes the
/// same requests, but for the ids in them.
/// </summary>
/// <param name="api">The description.</param>
/// <param name="operation">Of it, the operation to make requests for.</param>
/// <param name="known">Values by the name of a parameter or field that the service knows, or should take; <c>id</c> is that of the path.</param>
/// <param name="key">An API key that may do everything.</param>
/// <param name="seed">Of the random numbers.</param>
internal sealed class RequestGenerator(ApiDescription api, Operation operation, IReadOnlyDictionary<string, string[]> known, string key, int seed)
{
    private const string Boundary = "the-boundary-of-a-test";

#pragma warning disable CA5394 // Not for secrets: the same numbers in every run.
    private readonly Random _random = new(seed);

    public RawRequest Next()
    {
        var request = Usual(hostility: _random.Next(3) == 0 ? 0.2 : 0);
        for (var changes = _random.Next(5); changes > 0; changes--)
        {
            Change(request);
        }

        return request;
    }

    private RawRequest Usual(double hostility)
    {
        var path = string.Join('/', operation.Path.Split('/').Select(segment =>
            segment is ['{', .. var name, '}'] ? Uri.EscapeDataString(Value(name, hostility)) : segment));
        var query = operation.Parameters.Where(_ => _random.Next(2) == 0).Select(name => $"{name}={Uri.EscapeDataString(Value(name, hostility))}");
        var request = new RawRequest
        {
            Method = operation.Method, Target = string.Join('?', new[] { path, string.Join('&', query) }.Where(part => part != "")),
        };
        request.Headers.Add(("Host", "localhost"));
        request.Headers.Add(("X-API-Key", key));
        if (operation.Bodies.Count > 0)
        {
            var (type, schema) = Pick(operation.Bodies);
            request.Body = type switch
            {
                "application/json" => Json(schema, hostility),
                "application/x-www-form-urlencoded" =>
                    string.Join('&', Fields(schema, hostility).Select(field => $"{field.Name}={Uri.EscapeDataString(field.Value)}")),
                _ => Multipart(schema, hostility),
            };
            request.Headers.Add(("Content-Type", type == "multipart/form-data" ? $"{type}; boundary={Boundary}" : type));
        }

        return request;
    }

    private void Change(RawRequest request)
    {
        var text = Utf8(Pick(HostileValues.Texts));
        var body = request.Body ?? "";
        switch (_random.Next(request.Body is null ? 8 : 16))
        {
            case 0:
                request.Target += (request.Target.Contains('?', StringComparison.Ordinal) ? "&" : "?") + Name() + "=" + Escape(text);
                break;
            case 1:
                var segments = request.Target.Split('/');
                segments[_random.Next(1, segments.Length)] = Escape(text);
                request.Target = string.Join('/', segments);
                break;
            case 2:
                request.Target += Pick(
                    ["?", "&", "/", "//", "/..", "/%2e%2e/", "%", "%zz", "%00", "%ff", "#a", ";a=b", "?a[0]=1", "&&&==", new string('a', 9000)]);
                break;
            case 3:
                request.Method = Pick(HostileValues.Methods);
                break;
            case 4:
                var name = Pick(request.Headers).Name;
                request.Headers.Add((name, text.ReplaceLineEndings("").Replace("\0", "", StringComparison.Ordinal)));
                break;
            case 5 or 6 or 7:
                var header = Pick(HostileValues.Headers);
                if (_random.Next(4) > 0)
                {
                    request.Headers.RemoveAll(other => other.Name == header.Name);
                }

                request.Headers.Add(header);
                break;
            case 8:
                request.Framing = Pick(Enum.GetValues<Framing>());
                break;
            case 9:
                request.Body = body[.._random.Next(body.Length + 1)];
                break;
            case 10:
                request.Body = body.Insert(_random.Next(body.Length + 1), Pick([text, "\0", "\xff", "\"", "}", "]", ",", "\r\n", "--" + Boundary]));
                break;
            case 11 when body.Length > 0:
                var octets = body.ToCharArray();
                octets[_random.Next(octets.Length)] ^= (char)(1 << _random.Next(8));
                request.Body = new(octets);
                break;
            case 12:
                request.Body = Pick(["", "\xef\xbb\xbf" + body, body + body, "//a\n" + body, body + ",", "null", "[]", "{}"]);
                break;
            case 13 when operation.Bodies.Count > 0:
                request.Body = Json(Pick(operation.Bodies).Schema, 0.5);
                break;
            case 14:
                request.Body = Pick(HostileValues.JsonLiterals);
                break;
            default:
                request.Body = Utf8(Random(_random.Next(100)));
                break;
        }
    }

    private string Json(JsonElement schema, double hostility)
    {
        if (_random.NextDouble() < hostility)
        {
            return Pick(HostileValues.JsonLiterals);
        }

        schema = api.Resolve(schema);
        return TypeOf(schema) switch
        {
            "object" => "{" + string.Join(',', Properties(schema, hostility).Select(property =>
                $"{Quoted(property.Name)}:{JsonOf(property.Name, property.Schema, hostility)}")) + "}",
            "array" => "[" + string.Join(',', Enumerable.Range(0, _random.Next(3)).Select(_ => Json(schema.GetProperty("items"), hostility))) + "]",
            "integer" or "number" => Pick(["60", "3600", "0", "2147483647"]),
            "boolean" => Pick(["true", "false"]),
            "string" => Quoted(Pick(HostileValues.Texts)),
            _ => """{"a":[1,"b",null,{"c":true}]}""",
        };
    }

    private string JsonOf(string name, JsonElement schema, double hostility)
    {
        schema = api.Resolve(schema);
        return _random.NextDouble() < hostility || !known.ContainsKey(name) ? Json(schema, hostility)
            : TypeOf(schema) == "array" ? "[" + string.Join(',', known[name].Where(_ => _random.Next(2) == 0).Select(Quoted)) + "]"
            : TypeOf(schema) == "string" ? Quoted(Value(name, hostility))
            : Json(schema, hostility);
    }

    /// <summary>Most of the properties; with hostility some twice, and some that there are not.</summary>
    private IEnumerable<(string Name, JsonElement Schema)> Properties(JsonElement schema, double hostility)
    {
        if (!schema.TryGetProperty("properties", out var properties))
        {
            yield break;
        }

        foreach (var property in properties.EnumerateObject())
        {
            for (var times = _random.NextDouble() < hostility ? _random.Next(3) : 1; times > 0; times--)
            {
                yield return (property.Name, property.Value);
            }

            if (_random.NextDouble() < hostility)
            {
                yield return (Pick(HostileValues.Texts), property.Value);
            }
        }
    }

    private IEnumerable<(string Name, string Value)> Fields(JsonElement schema, double hostility) =>
        Properties(api.Resolve(schema), hostility).Select(property => (property.Name, Value(property.Name, hostility)));

    private string Multipart(JsonElement schema, double hostility)
    {
        var form = new StringBuilder();
        foreach (var (name, value) in Fields(schema, hostility))
        {
            var file = api.Resolve(schema).GetProperty("properties").TryGetProperty(name, out var property)
                && property.TryGetProperty("$ref", out _) ? $"; filename=\"{(_random.NextDouble() < hostility ? value : "report.txt")}\"" : "";
            form.Append("--").Append(Boundary).Append("\r\nContent-Disposition: form-data; name=\"").Append(name).Append('"').Append(file)
                .Append("\r\n\r\n").Append(value).Append("\r\n");
        }

        return Utf8(form.Append("--").Append(Boundary).Append("--\r\n").ToString());
    }

    private string Value(string name, double hostility) =>
        _random.NextDouble() >= hostility && known.TryGetValue(name, out var values) ? Pick(values) : Pick(HostileValues.Texts);

    private string Name() => Pick([.. operation.Parameters, .. known.Keys, "", "a[0]", "$ne", new string('n', 500)]);

    /// <summary>Mostly as it has to be.</summary>
    private string Escape(string text) => _random.Next(5) == 0
        ? new([.. text.Where(octet => octet > ' ')])
        : string.Concat(text.Select(octet => char.IsAsciiLetterOrDigit(octet) ? octet.ToString() : $"%{(int)octet:X2}"));

    private string Random(int length) => string.Concat(Enumerable.Range(0, length).Select(_ => (char)_random.Next(0xD800)));

    private T Pick<T>(IReadOnlyList<T> values) => values[_random.Next(values.Count)];
#pragma warning restore CA5394

    private static string Quoted(string text) => Utf8(JsonSerializer.Serialize(text));

    /// <summary>The bytes, each as a character.</summary>
    private static string Utf8(string text) => Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static string? TypeOf(JsonElement schema) =>
        !schema.TryGetProperty("type", out var type) ? null
        : type.ValueKind == JsonValueKind.String ? type.GetString()
        : type.EnumerateArray().Select(one => one.GetString()).First(one => one != "null");
}
