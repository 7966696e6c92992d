// Stands in for Aspire.Hosting.Docker 13.6.5.

namespace Aspire.Hosting.Docker;

/// <summary>The .env file beside the Compose file: what a person filled in stays, what is new is added without a value.</summary>
internal sealed class EnvFile(string path)
{
    // The packages sort it this way.
    private readonly SortedDictionary<string, (string? Value, string? Comment)> _entries = [];

    public static EnvFile Load(string path)
    {
        var file = new EnvFile(path);
        string? comment = null;
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            var text = line.TrimStart();
            if (text.StartsWith('#'))
            {
                comment = text[1..].Trim();
                continue;
            }

            if (text.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
            {
                file._entries[text[..equals].Trim()] = (text[(equals + 1)..], comment);
            }

            // A comment belongs to the line below it.
            comment = null;
        }

        return file;
    }

    public void Add(string name, string? comment) => _entries.TryAdd(name, (null, comment));

    public Task SaveAsync(CancellationToken cancellationToken) => File.WriteAllLinesAsync(
        path,
        _entries.SelectMany(entry => string.IsNullOrWhiteSpace(entry.Value.Comment)
            ? (string[])[$"{entry.Key}={entry.Value.Value}", ""]
            : [$"# {entry.Value.Comment}", $"{entry.Key}={entry.Value.Value}", ""]),
        cancellationToken);
}
